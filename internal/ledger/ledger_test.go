package ledger

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"perfpipe/internal/record"
)

func decode(t *testing.T, line string) *record.Record {
	t.Helper()
	r, err := new(record.Decoder).Decode([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// parts returns an account in a line, without the parts that take no time.
func parts(e *Entry, a Account) string {
	list, total, ok := e.Compose(a)
	if !ok {
		return "none"
	}
	s, sum := "", 0.0
	for i, ms := range list {
		if sum += ms; math.Abs(ms) > 1e-4 {
			s += fmt.Sprintf("%s %.3g, ", Names()[i], ms)
		}
	}
	if math.Abs(sum-total) > 1e-9 {
		s += "the sum is wrong, "
	}
	return s + fmt.Sprintf("= %.4g", total)
}

func TestAccounts(t *testing.T) {
	for _, c := range []struct{ name, line, first, whole, response string }{
		{"vllm, new connection behind a proxy", `"lag_ms":1,"queue_ms":2,"dns_ms":1,"connect_ms":2,"tls_ms":4,"send_ms":0.5,` +
			`"rtt_ms":9,"rtt_min_ms":8,"gateway_ms":3,"server_queue_ms":20,"server_prefill_ms":50,"server_ttft_ms":50,` +
			`"server_origin":"scheduling","server_decode_ms":100,"ttft_ms":90,"latency_ms":191`,
			"connection 7, sending 0.5, network 8, gateway 3, server queue 20, prefill 50, unexplained 1.5, = 90",
			"connection 7, sending 0.5, network 8, gateway 3, server queue 20, prefill 50, decode 100, unexplained 2.5, = 191",
			"lag 1, wait for a slot 2, connection 7, sending 0.5, network 8, gateway 3, server queue 20, prefill 50, " +
				"decode 100, unexplained 2.5, = 194"},
		{"vllm queues after the header", `"lag_ms":0,"connect_ms":2,"send_ms":0.5,"rtt_ms":1,"headers_ms":6,` +
			`"server_queue_ms":1,"server_prefill_ms":4,"server_decode_ms":5,"server_from":"vllm","ttft_ms":12,"latency_ms":18`,
			"connection 2, sending 0.5, network 1, until the header 2.5, server queue 1, prefill 4, unexplained 1, = 12",
			"connection 2, sending 0.5, network 1, until the header 2.5, server queue 1, prefill 4, decode 5, unexplained 2, = 18",
			"connection 2, sending 0.5, network 1, until the header 2.5, server queue 1, prefill 4, decode 5, unexplained 2, = 18"},
		{"vllm behind a proxy that holds the header back", `"lag_ms":0,"headers_ms":11,"server_prefill_ms":4,` +
			`"server_decode_ms":5,"server_from":"vllm,kong","ttft_ms":12,"latency_ms":18`,
			"prefill 4, unexplained 8, = 12", "prefill 4, decode 5, unexplained 9, = 18", "prefill 4, decode 5, unexplained 9, = 18"},
		{"a server whose header may come after the queue", `"lag_ms":0,"headers_ms":6,"server_prefill_ms":4,` +
			`"server_decode_ms":5,"server_from":"sglang","ttft_ms":12,"latency_ms":18`,
			"prefill 4, unexplained 8, = 12", "prefill 4, decode 5, unexplained 9, = 18", "prefill 4, decode 5, unexplained 9, = 18"},
		{"below zero by rounding", `"lag_ms":0,"rtt_ms":0.5,"server_prefill_ms":10,"server_decode_ms":5,"ttft_ms":10,"latency_ms":15`,
			"network 0.5, prefill 10, unexplained -0.5, = 10", "network 0.5, prefill 10, decode 5, unexplained -0.5, = 15",
			"network 0.5, prefill 10, decode 5, unexplained -0.5, = 15"},
		{"sglang: from receipt", `"lag_ms":0,"server_queue_ms":5,"server_prefill_ms":20,"server_ttft_ms":27,` +
			`"server_total_ms":60,"server_decode_ms":30,"server_origin":"receipt","ttft_ms":28,"latency_ms":62`,
			"server queue 5, prefill 20, server, other 2, unexplained 1, = 28",
			"server queue 5, prefill 20, decode 30, server, other 5, unexplained 2, = 62",
			"server queue 5, prefill 20, decode 30, server, other 5, unexplained 2, = 62"},
		{"groq: a total without the queue", `"lag_ms":0,"server_queue_ms":5,"server_prefill_ms":20,"server_total_ms":50,` +
			`"server_decode_ms":30,"server_origin":"scheduling","ttft_ms":26,"latency_ms":57`,
			"server queue 5, prefill 20, unexplained 1, = 26", "server queue 5, prefill 20, decode 30, unexplained 2, = 57",
			"server queue 5, prefill 20, decode 30, unexplained 2, = 57"},
		{"ollama loads", `"lag_ms":0,"server_load_ms":100,"server_prefill_ms":20,"server_total_ms":150,"server_decode_ms":29,` +
			`"server_origin":"receipt","ttft_ms":121,"latency_ms":151`,
			"model load 100, prefill 20, unexplained 1, = 121",
			"model load 100, prefill 20, decode 29, server, other 1, unexplained 1, = 151",
			"model load 100, prefill 20, decode 29, server, other 1, unexplained 1, = 151"},
		{"openai, stream", `"lag_ms":0,"server_headers_ms":40,"ttft_ms":45,"latency_ms":80`,
			"server, other 40, unexplained 5, = 45", "none", "none"},
		{"openai, whole", `"lag_ms":0,"server_total_ms":70,"server_origin":"receipt","latency_ms":80`,
			"none", "server, other 70, unexplained 10, = 80", "server, other 70, unexplained 10, = 80"},
	} {
		e, ok := Of(decode(t, `{"id":"a","sent_us":1000,"status":200,"ok":true,"server_from":"x",`+c.line+`}`))
		if !ok {
			t.Errorf("%s: no account", c.name)
		}
		for a, want := range map[Account]string{TTFT: c.first, Latency: c.whole, response: c.response} {
			if got := parts(&e, a); got != want {
				t.Errorf("%s: account %d:\n%s; want\n%s", c.name, a, got, want)
			}
		}
	}
}

func TestNoAccount(t *testing.T) {
	for _, line := range []string{
		`"ttft_ms":90,"latency_ms":191`,
		`"ttft_ms":90,"latency_ms":191,"server_from":"kong","gateway_ms":3`,
		`"ttft_ms":90,"latency_ms":191,"server_from":"x","server_queue_ms":3`,
		`"ttft_ms":90,"latency_ms":191,"server_from":"x","server_prefill_ms":95`,
		`"ttft_ms":90,"latency_ms":191,"server_from":"x","server_prefill_ms":9,"server_doubt":"tokens"`,
	} {
		if e, ok := Of(decode(t, `{"id":"a","status":200,"ok":true,`+line+`}`)); ok {
			t.Errorf("%s: %+v", line, e)
		}
	}
}

func ledgerOf(t *testing.T, ids, n int) *Ledger {
	l := new(Ledger)
	for i := range n {
		l.Add(decode(t, fmt.Sprintf(`{"id":"%d-%d","ok":true,"status":200,"lag_ms":0,"ttft_ms":%d,"latency_ms":%[3]d,`+
			`"server_from":"vllm","server_prefill_ms":%[3]d,"server_decode_ms":0}`, ids, i, i+1)))
	}
	return l
}

// The compositions are those of requests around the percentile, and a mean of all.
func TestSummary(t *testing.T) {
	l := ledgerOf(t, 1, 1000)
	l.Add(decode(t, `{"id":"d","ok":true,"status":200,"ttft_ms":1,"server_from":"vllm","server_prefill_ms":5}`))
	s := l.Summary()
	got := fmt.Sprint(s.Requests, s.Doubtful, s.From, s.TTFT.Mean.Total, s.TTFT.P50.Total, s.TTFT.P90.Total,
		s.TTFT.P99.Total, s.TTFT.P50.N, s.TTFT.P99.N, s.TTFT.P99.Prefill)
	if want := "1000 1 [vllm] 500.5 500 900 990 51 11 990"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if new(Ledger).Summary() != nil {
		t.Error("a summary of nothing")
	}
}

// The sample does not depend on the order and on how the records are divided, nor does a state lose anything.
func TestMerge(t *testing.T) {
	whole, a, b := ledgerOf(t, 1, 300), ledgerOf(t, 1, 100), new(Ledger)
	for i := 299; i >= 100; i-- {
		e, _ := Of(decode(t, fmt.Sprintf(`{"id":"1-%d","ok":true,"status":200,"lag_ms":0,"ttft_ms":%d,"latency_ms":%[2]d,`+
			`"server_from":"vllm","server_prefill_ms":%[2]d,"server_decode_ms":0}`, i, i+1)))
		b.keep(e)
	}
	b.n, b.from = 200, map[string]int64{"vllm": 200}
	whole.halve(2)
	a.halve(1)
	b.halve(2)
	a.Merge(b)
	if got, want := a.Entries(), whole.Entries(); !reflect.DeepEqual(got, want) || len(want) == 0 || len(want) > 150 {
		t.Errorf("%d entries; want %d", len(got), len(want))
	}
	state := a.State()
	back, ok := state.Restore()
	if !ok || !reflect.DeepEqual(back.Summary(), a.Summary()) || a.Summary().Requests != 300 {
		t.Errorf("the state is %+v", state)
	}
	if s := (State{From: []string{"x"}}); func() bool { _, ok := s.Restore(); return ok }() {
		t.Error("a broken state is restored")
	}
	if !strings.Contains(fmt.Sprint(Names()), "unexplained") {
		t.Error("no names")
	}
}

package servertime

import (
	"fmt"
	"math"
	"testing"

	"github.com/tidwall/gjson"
)

func TestServerTiming(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{"", ""},
		{"edge;dur=2", "Gateway 2"},
		{`edge;dur=2;dur=9, LB ; desc="a,b;dur=7" ; dur = "1.5"`, "Gateway 3.5"},
		{"miss, cache;desc=hit, db;dur=53, cdn-upstream-fbl;dur=80", ""},
		{"app;dur=20, total;dur=47.2", "Header 47.2"},
		{"queue;dur=3, queue;dur=4, Prefill;dur=20", "Queue 7 Prefill 20"},
		{"edge;dur=NaN, lb;dur=1e400, x;dur=", ""},
	} {
		got := parseServerTiming(c.value)
		text := ""
		for term, name := range map[Term]string{Gateway: "Gateway", Header: "Header"} {
			if v, ok := got.Get(term); ok {
				text += fmt.Sprintf("%s %v", name, v)
			}
		}
		if v, ok := got.Get(Queue); ok {
			text += fmt.Sprintf("Queue %v Prefill %v", v, got.value[Prefill])
		}
		if text != c.want {
			t.Errorf("%q: %q; want %q", c.value, text, c.want)
		}
	}
}

// The last value of a server counts, what several proxies took adds up, and another server's fills gaps only.
func TestMerge(t *testing.T) {
	make := func(from, proxy string, term Term, v float64) *Times {
		one := &Times{From: from, Proxy: proxy}
		one.Set(term, v)
		return one
	}
	var all Times
	for _, one := range []*Times{
		make("vllm", "", Queue, 1), make("vllm", "", Queue, 2), make("", "kong", Gateway, 3),
		make("", "server-timing", Gateway, 4), make("openai", "", Queue, 9), make("openai", "", Decode, 5),
	} {
		all.Merge(one)
	}
	got := fmt.Sprintf("%s %v %v %v", all.Sources(), all.value[Queue], all.value[Gateway], all.value[Decode])
	if want := "vllm,kong,server-timing,openai 2 7 5"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// A record cannot hold a value that is not finite.
func TestNotFinite(t *testing.T) {
	var times Times
	times.Set(Queue, math.NaN())
	times.Set(Load, math.Inf(1))
	if !times.Empty() {
		t.Errorf("%+v", times)
	}
	times = Times{Proxy: "a"}
	times.Set(Gateway, 1e308)
	times.Merge(&times)
	if v, ok := times.Get(Gateway); v != 1e308 || !ok {
		t.Errorf("%v, %v", v, ok)
	}
}

// Whatever an answer or a header has, the values are finite, and what was not read is not there.
func FuzzRead(f *testing.F) {
	f.Add(`edge;dur=1,b;desc="x,\"y";dur=2`)
	f.Add(`{"metrics":{"queue":"1e999","ttft":-3},"usage":{"a":1}}`)
	table := NewTable([]Place{{From: "x", At: "metrics", Unit: 1000, Terms: map[string]Term{"queue": Queue, "ttft": TTFT}}},
		[]Place{{From: "y", Unit: 1, Terms: map[string]Term{"t": Total}}})
	f.Fuzz(func(t *testing.T, text string) {
		check := func(times *Times) {
			if times == nil {
				return
			}
			for term := range terms {
				v, ok := times.Get(term)
				if math.IsNaN(v) || math.IsInf(v, 0) || !ok && v != 0 {
					t.Errorf("%q: term %d is %v, %v", text, term, v, ok)
				}
			}
		}
		timing := parseServerTiming(text)
		check(&timing)
		check(table.Header(func(string) string { return text }))
		if gjson.Valid(text) {
			check(table.Event(gjson.Parse(text)))
		}
	})
}

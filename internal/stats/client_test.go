package stats

import (
	"math"
	"strings"
	"testing"

	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// bare returns v without its cause.
func (v Verdict) bare() Verdict {
	v.cause = ""
	return v
}

func TestJudgeClient(t *testing.T) {
	const joined = "1.25 % of the chunks were read late and together with others: their times are the last one's"
	for _, test := range []struct {
		lag, joined, cpu float64
		want             Verdict
	}{
		{9.9, 0.0099, 0.79, Verdict{Level: Clean}},
		{10, 0, 0, Verdict{Level: Strained, Reason: "requests went out late: lag p99 is 10 ms"}},
		{0, 0.0125, 0, Verdict{Level: Strained, Reason: joined}},
		{0, 0, 0.8, Verdict{Level: Strained, Reason: "the client used 80 % of its CPUs (p90)"}},
		{99, 0.09, 0.95, Verdict{Level: Bottleneck, Reason: "the client used 95 % of its CPUs (p90)"}},
		{100, 0, 1, Verdict{Level: Bottleneck, Reason: "requests went out late: lag p99 is 100 ms"}},
		{float64(dist.NaN()), 0, float64(dist.NaN()), Verdict{Level: Clean}},
	} {
		c := Client{chunks: 10_000, joined: int64(test.joined * 10_000)}
		if got := c.judge(test.lag, test.cpu).bare(); got != test.want {
			t.Errorf("lag %v, joined %v, cpu %v: %+v, want %+v", test.lag, test.joined, test.cpu, got, test.want)
		}
	}
}

// TestClientThatThrottlesItself checks that the verdict names the cause of a load generator's own delays.
func TestClientThatThrottlesItself(t *testing.T) {
	const (
		late    = "requests went out late: lag p99 is 20 ms"
		idle10  = "slots were idle for 10 % of the time: perf-send was busy, stopped or starved of CPU"
		idle25  = "slots were idle for 25 % of the time"
		stopped = " of its requests' time: it was stopped, starved of CPU, or over a CPU quota"
	)
	for _, test := range []struct {
		name string
		rec  record.Record
		want Verdict
	}{
		{"its own cost", record.Record{Mode: "closed", LagMs: 0.9, LatencyMs: 2},
			Verdict{Level: Clean}},
		{"idle slots", record.Record{Mode: "closed", LagMs: 10, LatencyMs: 90},
			Verdict{Level: Strained, Reason: idle10}},
		{"a late slot of a long answer", record.Record{Mode: "closed", LagMs: 50, LatencyMs: 5000},
			Verdict{Level: Clean}},
		{"a session waits for a tool", record.Record{Mode: "closed", DelayMs: 20, LagMs: 1, LatencyMs: 0.1},
			Verdict{Level: Clean}},
		{"a session waits longer than for the tool", record.Record{Mode: "closed", DelayMs: 5000, LagMs: 20, LatencyMs: 1},
			Verdict{Level: Strained, Reason: late}},
		{"a slow reader", record.Record{Mode: "closed", LagMs: 30, OutputWaitMs: 29, LatencyMs: 90},
			Verdict{Level: Bottleneck, Reason: idle25 + slowOutput}},
		{"a slow reader and an open loop", record.Record{Mode: "open", LagMs: 20, OutputWaitMs: 19, LatencyMs: 900},
			Verdict{Level: Strained, Reason: late + slowOutput}},
		{"slow lines", record.Record{Mode: "closed", LagMs: 30, InputWaitMs: 28, LatencyMs: 90},
			Verdict{Level: Bottleneck, Reason: idle25 + slowInput}},
		{"no connection", record.Record{Mode: "open", LagMs: 20, ConnectionWaitMs: 19, LatencyMs: 900},
			Verdict{Level: Strained, Reason: late + noFreeConn}},
		{"a session without a connection", record.Record{Mode: "closed", LagMs: 30, ConnectionWaitMs: 28, LatencyMs: 90},
			Verdict{Level: Bottleneck, Reason: idle25 + noFreeConn}},
		{"stopped", record.Record{Mode: "closed", LagMs: 1, StallMs: 8, LatencyMs: 99},
			Verdict{Level: Strained, Reason: "perf-send did not run for 8 %" + stopped}},
		{"stopped while answers came", record.Record{Mode: "open", StallMs: 100, LatencyMs: 9},
			Verdict{Level: Bottleneck, Reason: "perf-send did not run for 100 %" + stopped}},
	} {
		test.rec.ClientCPU = 0.1
		var whole, half Client
		for range 10 {
			whole.Add(&test.rec)
		}
		half.Add(&test.rec)
		half.Merge(&half)
		if got, other := whole.Verdict().bare(), half.Verdict().bare(); got != test.want || other != test.want {
			t.Errorf("%s: %+v, of a part of the records %+v, want %+v", test.name, got, other, test.want)
		}
		cause := whole.Verdict().Cause()
		slow, short := strings.Contains(test.want.Reason, slowOutput), strings.Contains(test.want.Reason, noFreeConn)
		if (cause == "") != (test.want.Level == Clean) || (cause == outputSlow) != slow || (cause == noConn) != short {
			t.Errorf("%s: cause %q", test.name, cause)
		}
	}
}

func TestClientAccumulates(t *testing.T) {
	var none, silent, a, b Client
	if got := none.Verdict(); got.Level != Unknown {
		t.Errorf("no records: %+v", got)
	}
	silent.Add(&record.Record{})
	if got := silent.Verdict(); got.Level != Unknown {
		t.Errorf("records without measurements: %+v", got)
	}
	silent.Add(&record.Record{Keys: record.KeyLagMs})
	if got := silent.Verdict(); got.Level != Unknown || got.Reason != "the records carry no client_cpu, and every lag_ms is 0" {
		t.Errorf("records with a lag of 0: %+v", got)
	}
	for range 98 {
		a.Add(&record.Record{LagMs: 1, ClientCPU: 0.2})
	}
	b.Add(&record.Record{LagMs: 50, ClientCPU: 0.2})
	b.Add(&record.Record{LagMs: 60, ClientCPU: 0.2})
	a.Merge(&b)
	want := Verdict{Level: Strained, Reason: "requests went out late: lag p99 is 50 ms"}
	if got := a.Verdict().bare(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestClientWholeStreams checks that streams that were read at once, and late, count as far as the streams that were
// not read late show that the server sends its chunks one by one.
func TestClientWholeStreams(t *testing.T) {
	spread := &record.Record{ReadDelayMs: 0.1, GapUs: []int64{2000, 2000}}
	whole := &record.Record{ReadDelayMs: 0.1, GapUs: []int64{0, 0}}
	late := &record.Record{ReadDelayMs: 3, GapUs: []int64{0, 0}, Keys: record.KeyJoined}
	for _, c := range []struct {
		spread, whole, late int
		want                float64
	}{
		{90, 0, 10, 0.1}, {0, 90, 10, 0}, {45, 45, 10, 0.05}, {0, 0, 10, 0}, {90, 10, 0, 0},
	} {
		var all, part Client
		for r, n := range map[*record.Record]int{spread: c.spread, whole: c.whole, late: c.late} {
			for i := range n {
				if i%2 == 0 {
					all.Add(r)
				} else {
					part.Add(r)
				}
			}
		}
		all.Merge(&part)
		if got := all.Joined(); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%+v: %v of the chunks are joined", c, got)
		}
	}
}

// TestClientCountsJoinedChunks checks that chunks found together count only if the read was late, once per read, since
// a server may send several at once; and that joined_chunks takes precedence.
func TestClientCountsJoinedChunks(t *testing.T) {
	gaps := make([]int64, 50)
	for i := range gaps {
		gaps[i] = 20_000
	}
	gaps[7], gaps[8], gaps[9] = 0, 0, 0
	var c Client
	c.Add(&record.Record{ClientCPU: 0.2, ReadDelayMs: 0.99, GapUs: gaps})
	if got := c.Verdict(); got.Level != Clean {
		t.Errorf("read in time: %+v", got)
	}
	c.Add(&record.Record{ClientCPU: 0.2, ReadDelayMs: 1, GapUs: gaps})
	want := Verdict{Level: Strained, Reason: "1 % of the chunks were read late and together with others: their times are the last one's"}
	if got := c.Verdict().bare(); got != want {
		t.Errorf("read late: %+v, want %+v", got, want)
	}
	c.Add(&record.Record{ClientCPU: 0.2, ReadDelayMs: 5, GapUs: gaps, Keys: record.KeyJoined})
	if got := c.Verdict(); got.Level != Clean {
		t.Errorf("told by joined_chunks: %+v", got)
	}
	c.Add(&record.Record{ClientCPU: 0.2, ReadDelayMs: 5, GapUs: gaps, Keys: record.KeyJoined, Joined: 1})
	if got := c.Verdict().bare(); got != want {
		t.Errorf("told by joined_chunks: %+v, want %+v", got, want)
	}
}

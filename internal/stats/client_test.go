package stats

import (
	"testing"

	"llmperf/internal/record"
)

func TestJudgeClient(t *testing.T) {
	for _, test := range []struct {
		lag, joined, cpu float64
		want             Verdict
	}{
		{9.9, 0.0099, 0.79, Verdict{Level: Clean}},
		{10, 0, 0, Verdict{Strained, "requests went out late: lag p99 is 10 ms"}},
		{0, 0.0125, 0, Verdict{Strained, "1.25 % of the chunks were read late and together with others: their times are the last one's"}},
		{0, 0, 0.8, Verdict{Strained, "the client used 80 % of its CPUs (p90)"}},
		{99, 0.09, 0.95, Verdict{Bottleneck, "the client used 95 % of its CPUs (p90)"}},
		{100, 0, 1, Verdict{Bottleneck, "requests went out late: lag p99 is 100 ms"}},
		{float64(nan()), float64(nan()), float64(nan()), Verdict{Level: Clean}},
	} {
		if got := JudgeClient(test.lag, test.joined, test.cpu); got != test.want {
			t.Errorf("lag %v, joined %v, cpu %v: %+v, want %+v", test.lag, test.joined, test.cpu, got, test.want)
		}
	}
}

func TestClientGathers(t *testing.T) {
	var none, silent, a, b Client
	if got := none.Verdict(); got.Level != Unknown {
		t.Errorf("no records: %+v", got)
	}
	silent.Add(&record.Record{})
	if got := silent.Verdict(); got.Level != Unknown {
		t.Errorf("records without measurements: %+v", got)
	}
	for range 98 {
		a.Add(&record.Record{LagMs: 1, ClientCPU: 0.2})
	}
	b.Add(&record.Record{LagMs: 50, ClientCPU: 0.2})
	b.Add(&record.Record{LagMs: 60, ClientCPU: 0.2})
	a.Merge(&b)
	if got, want := a.Verdict(), (Verdict{Strained, "requests went out late: lag p99 is 50 ms"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Chunks that came together count where they were read late: a server may send several at once.
func TestClientCountsWhatWasReadTogether(t *testing.T) {
	gaps := make([]int64, 50)
	for i := range gaps {
		gaps[i] = 20_000
	}
	gaps[7] = 0
	var c Client
	c.Add(&record.Record{ClientCPU: 0.2, ReadDelayMs: 0.99, GapUs: gaps})
	if got := c.Verdict(); got.Level != Clean {
		t.Errorf("read in time: %+v", got)
	}
	c.Add(&record.Record{ClientCPU: 0.2, ReadDelayMs: 1, GapUs: gaps})
	if got, want := c.Verdict(), (Verdict{Strained, "1 % of the chunks were read late and together with others: their times are the last one's"}); got != want {
		t.Errorf("read late: %+v, want %+v", got, want)
	}
}

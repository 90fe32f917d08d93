package stats

import "testing"

func TestJudgeClient(t *testing.T) {
	for _, test := range []struct {
		lag, read, cpu float64
		want           Verdict
	}{
		{9.9, 9.9, 0.79, Verdict{Level: Clean}},
		{10, 0, 0, Verdict{Strained, "requests went out late: lag p99 is 10 ms"}},
		{0, 12.345, 0, Verdict{Strained, "answers waited to be read: read delay p99 is 12.35 ms"}},
		{0, 0, 0.8, Verdict{Strained, "the client used 80 % of its CPUs (p90)"}},
		{99, 99, 0.95, Verdict{Bottleneck, "the client used 95 % of its CPUs (p90)"}},
		{100, 0, 1, Verdict{Bottleneck, "requests went out late: lag p99 is 100 ms"}},
		{float64(nan()), float64(nan()), float64(nan()), Verdict{Level: Clean}},
	} {
		if got := JudgeClient(test.lag, test.read, test.cpu); got != test.want {
			t.Errorf("lag %v, read %v, cpu %v: %+v, want %+v", test.lag, test.read, test.cpu, got, test.want)
		}
	}
}

func TestClientGathers(t *testing.T) {
	var none, silent, a, b Client
	if got := none.Verdict(); got.Level != Unknown {
		t.Errorf("no records: %+v", got)
	}
	silent.Add(0, 0, 0)
	if got := silent.Verdict(); got.Level != Unknown {
		t.Errorf("records without measurements: %+v", got)
	}
	for range 98 {
		a.Add(1, 0.1, 0.2)
	}
	b.Add(50, 0.1, 0.2)
	b.Add(60, 0.1, 0.2)
	a.Merge(&b)
	if got, want := a.Verdict(), (Verdict{Strained, "requests went out late: lag p99 is 50 ms"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

package gate

import (
	"testing"

	"perfpipe/internal/dist"
)

func TestParse(t *testing.T) {
	got, err := Parse("ttft_ms:p99.9 <= 500")
	want := Gate{
		Text: "ttft_ms:p99.9 <= 500", Metric: "ttft_ms", Stat: "p99.9", P: 99.9, Condition: Condition{Op: "<=", Bound: 500},
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	got, err = Parse("ok>0.99")
	if err != nil || got.Figure != "ok" || got.Metric != "" || got.Upper() || !got.holds(1) || got.holds(0.99) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, text := range []string{"ok>nan", "ttft_ms:p99<NaN", "ok>1%", "ok>"} {
		if g, err := Parse(text); err == nil {
			t.Errorf("%s is a gate: %+v", text, g)
		}
	}
}

func TestGateOfValues(t *testing.T) {
	var d dist.Dist
	d.AddAll([]int64{1000, 2000, 6000})
	for text, want := range map[string]dist.Num{
		"ttft_ms:mean<1": 3, "ttft_ms:min<1": 1, "ttft_ms:max<1": 6, "ttft_ms:p50<1": 2, "ttft_ms:p100<1": 6,
	} {
		g, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.Of(&d, 1000); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

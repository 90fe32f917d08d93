package gate

import (
	"testing"

	"perfpipe/internal/dist"
	"perfpipe/internal/record"
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

// TestNearMisses checks the errors of a gate that is a limit, and of a limit that is a gate.
func TestNearMisses(t *testing.T) {
	for _, c := range []struct {
		text, want string
		parse      func(string) error
	}{
		{"ttft_ms<0.5", `"ttft_ms<0.5": ttft_ms has many values: choose one, as in ttft_ms:p99<0.5`, parseGate},
		{"ttft_ms:p99 < 500", `"ttft_ms:p99 < 500": a limit is on each request: write ttft_ms < 500`, parseLimit},
		{"ttft_ms:p99<5s", `"ttft_ms:p99<5s": "5s" is not a number, in the unit of the figure`, parseGate},
	} {
		if err := c.parse(c.text); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		}
	}
}

func parseGate(text string) error {
	_, err := Parse(text)
	return err
}

func parseLimit(text string) error {
	_, err := ParseLimit(text)
	return err
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

// several returns a record whose number of streamed tokens is unknown.
func several(why string) string {
	return `{"ttft_ms":400,"completion_tokens":9,"gap_us":[40000,40000],"hidden_unknown":"` + why + `"}`
}

// TestGood checks limits on figures that an answer does not have: it meets them if it cannot have the figure, and does
// not if its record lacks it.
func TestGood(t *testing.T) {
	for _, c := range []struct {
		limit, line string
		want        bool
	}{
		{"latency_ms<500", `{"latency_ms":400}`, true},
		{"latency_ms<500", `{"latency_ms":500}`, false},
		{"latency_ms<500", `{"latency_ms":0}`, true},
		{"latency_ms<500", `{}`, false},
		{"latency_ms<500", `{"latency_ms":-5}`, false},
		{"latency_ms<500", `{"latency_ms":400,"ok":false}`, false},
		{"response_ms<500", `{"queue_ms":3}`, false},
		{"response_ms<500", `{"latency_ms":400,"queue_ms":90,"lag_ms":9}`, true},
		{"ttft_ms<500", `{"ttft_ms":400}`, true},
		{"ttft_ms<500", `{"latency_ms":400}`, true},
		{"ttft_ms<500", `{}`, false},
		{"tpot_ms<50", `{"ttft_ms":400,"completion_tokens":1}`, true},
		{"tpot_ms<50", `{"latency_ms":400,"completion_tokens":1}`, true},
		{"tpot_ms<50", `{"latency_ms":400,"completion_tokens":9}`, false},                             // not streamed
		{"tpot_ms<50", `{"ttft_ms":400,"completion_tokens":3}`, true},                                 // the end has no text
		{"tpot_ms<50", `{"ttft_ms":400,"completion_tokens":4}`, false},                                // one chunk
		{"tpot_ms<50", `{"ttft_ms":400,"completion_tokens":9,"hidden_tokens":8}`, true},               // one that was streamed
		{"tpot_ms<50", `{"ttft_ms":400,"completion_tokens":9,"tpot_ms":40}`, true},                    // another tool's
		{"tpot_ms<50", `{"ttft_ms":400,"completion_tokens":9,"gap_us":[1,2,3]}`, false},               // one piece
		{"tpot_ms<50", `{"ttft_ms":400,"gap_us":[40000,40000]}`, false},                               // of how many tokens?
		{"tpot_ms<50", `{"ttft_ms":400,"completion_tokens":2,"gap_us":[9],"hidden_tokens":5}`, false}, // impossible
		{"tpot_ms<50", `{"ttft_ms":0,"completion_tokens":3,"gap_us":[40000,40000]}`, false},           // from when on?
		{"tpot_ms<50", `{"latency_ms":400,"op":"embedding"}`, true},                                   // has no tokens
		{"tpot_ms<50", several("several_answers"), false},                                             // whose tokens?
		{"tpot_ms<50", several("redacted_reasoning"), false},                                          // how many tokens?
		{"tpot_ms<50", `{"ttft_ms":400,"completion_tokens":2,"gap_us":[5]}`, true},                    // in one piece, as in one chunk
		{"itl_ms<50", several("redacted_reasoning"), true},
		{"itl_ms<50", several("several_answers"), false},
		{"itl_ms<50", `{"ttft_ms":400,"completion_tokens":9,"gap_us":[1,2,3]}`, false},
		{"user_tokens_per_s>20", `{"latency_ms":400,"completion_tokens":9}`, false},
		{"itl_ms<50", `{"ttft_ms":400,"gap_us":[10,60000]}`, false},
		{"output_tokens<=9", `{"completion_tokens":0}`, true},
		{"output_tokens<=9", `{}`, false},
		{"output_tokens>=1", `{"op":"embedding"}`, true},
	} {
		l, err := ParseLimit(c.limit)
		if err != nil {
			t.Fatal(err)
		}
		var d record.Decoder
		r, err := d.Decode([]byte(c.line))
		if err != nil {
			t.Fatal(err)
		}
		if got := Good(r, []Limit{l}); got != c.want {
			t.Errorf("%s of %s: %v, want %v", c.limit, c.line, got, c.want)
		}
	}
}

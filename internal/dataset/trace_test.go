package dataset

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/body"
	"perfpipe/internal/request"
)

func text(s string) *Options {
	return &Options{Paths: []string{"-"}, Number: All, Seed: 1, Tell: func(_, _, _ string, _ ...any) {},
		Input: func(string) (io.Reader, string, func(), error) {
			return strings.NewReader(s), "log", func() {}, nil
		}}
}

// TestHashesShareText: prompts are as long as the trace says, and share exactly the blocks that have the same hashes.
func TestHashesShareText(t *testing.T) {
	tok := open(t, "o200k_base")
	log := `{"timestamp":0,"input_length":1200,"output_length":52,"hash_ids":[0,1,2]}
{"timestamp":105,"input_length":1800,"output_length":26,"hash_ids":[0,3,4,5]}
{"timestamp":110,"input_length":1024,"output_length":1,"hash_ids":[0,1]}
{"timestamp":120,"input_length":700}
{"timestamp":130,"input_length":700,"output_length":0}
`
	for _, ids := range []bool{false, true} {
		o := text(log)
		o.TokenIDs = ids
		var prompts [][]int
		for _, line := range lines(t, "trace", o) {
			var r struct {
				AtMs float64 `json:"at_ms"`
				Body struct {
					Messages  []struct{ Content string }
					Prompt    []int
					MaxTokens int  `json:"max_tokens"`
					IgnoreEOS bool `json:"ignore_eos"`
				}
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			p := r.Body.Prompt
			if !ids {
				p = tok.Encode(r.Body.Messages[0].Content)
			}
			prompts = append(prompts, p)
			if want := []int{52, 26, 1, 0}[len(prompts)-1]; r.Body.MaxTokens != want || r.Body.IgnoreEOS != (want > 0) {
				t.Errorf("%d tokens out, ignore_eos %v", r.Body.MaxTokens, r.Body.IgnoreEOS)
			}
		}
		for i, want := range []int{1200, 1800, 1024, 700} {
			if len(prompts[i]) != want {
				t.Errorf("prompt %d has %d tokens, want %d", i, len(prompts[i]), want)
			}
		}
		for _, c := range []struct{ a, b, shared int }{{0, 1, 512}, {0, 2, 1024}, {1, 2, 512}, {0, 3, 0}} {
			n := 0
			for n < len(prompts[c.a]) && n < len(prompts[c.b]) && prompts[c.a][n] == prompts[c.b][n] {
				n++
			}
			if n < c.shared || n > c.shared+1 {
				t.Errorf("ids %v: prompts %d and %d share %d tokens, want %d", ids, c.a, c.b, n, c.shared)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	for in, want := range map[string]float64{
		`1.5`: 1500, `"1.5"`: 1500, `"1970-01-01T00:00:02Z"`: 2000, `"1970-01-01 00:00:02.5"`: 2500,
		`"01/Jan/1970:01:00:03 +0100"`: 3000, `"1970-01-01T02:00:04.000001+02:00"`: 4000.001,
		`1700000000`: 1.7e12, `1700000000000`: 1.7e12, `"1700000000000000"`: 1.7e12, `1700000000000000000`: 1.7e12,
		`"[01/Jan/1970:00:00:05 +0000]"`: 5000, `"1970-01-01 00:00:06,250"`: 6250, `"1970-01-01 00:00:07+00"`: 7000,
	} {
		if got, err := timeMs(parse(in)); err != nil || got != want {
			t.Errorf("%s: %v %v, want %v", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		`"noon"`:                `not a time: "noon"`,
		`1e400`:                 `not a time: 1e400`,
		`"-Inf"`:                `not a time: "-Inf"`,
		`1e40`:                  `not a time: 1e40`,
		`"11/16/2023 18:17:03"`: `day and month cannot be told apart in "11/16/2023 18:17:03": write 2006-01-02 15:04:05`,
		`"1.2.2023"`:            `day and month cannot be told apart in "1.2.2023": write 2006-01-02 15:04:05`,
	} {
		if _, err := timeMs(parse(in)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

// An access log says when a request ended, unless it says when it began.
func TestArrival(t *testing.T) {
	for in, want := range map[string]struct {
		ms   float64
		sure bool
	}{
		`{"msec":"10.5","request_time":"0.250"}`:                         {10250, true},
		`{"time":10000000000000,"responseTime":500}`:                     {10000000000000 - 500, true},
		`{"ts":10,"duration":0.5}`:                                       {9500, true},
		`{"timestamp":10,"latency":"1.5s"}`:                              {8500, true},
		`{"timestamp":10,"durationMs":12.5}`:                             {9987.5, true},
		`{"@timestamp":10,"event":{"duration":1000000000}}`:              {9000, true},
		`{"timestamp":10,"httpRequest":{"latency":"0.5s"}}`:              {9500, true},
		`{"start_time":"1970-01-01T00:00:10Z","duration":1500}`:          {10000, true},
		`{"time":"[01/Jan/1970:00:00:10 +0000]","request_time":"1.000"}`: {10000, true},
		`{"time":10}`: {10000, false},
	} {
		ms, sure, err := objectOf(parse(in)).arrival()
		if err != nil || ms != want.ms || sure != want.sure {
			t.Errorf("%s: %v %v %v, want %v", in, ms, sure, err, want)
		}
	}
}

// TestSpool: sorted and shuffled, nothing is lost, and the order is that of time, or another one each time.
func TestSpool(t *testing.T) {
	const n = 5000
	order := rand.New(rand.NewPCG(1, 2)).Perm(n)
	source := func(yield func(request.Request, error) bool) {
		for _, k := range order {
			at := float64(k) + 7
			if !yield(request.Request{AtMs: &at, Body: fmt.Appendf(nil, `{"prompt":"%d %s"}`, k, strings.Repeat("x", 400))},
				nil) {
				return
			}
		}
	}
	read := func(s Source) (all []int) {
		for r, err := range s {
			if err != nil {
				t.Fatal(err)
			}
			var k int
			if _, err := fmt.Sscanf(string(r.Body), `{"prompt":"%d `, &k); err != nil {
				t.Fatal(err)
			}
			all = append(all, k)
			if at := *r.AtMs; at != float64(k) && at != float64(k)+7 {
				t.Fatalf("request %d at %g", k, at)
			}
		}
		return all
	}
	want := make([]int, n)
	for i := range want {
		want[i] = i
	}
	if got := read(sorted(source)); !slices.Equal(got, want) {
		t.Error("not in order of time")
	}
	s := shuffled(source, 1)
	first, second := read(s), read(s)
	if slices.Equal(first, second) || slices.Equal(first, order) || !slices.Equal(first, read(shuffled(source, 1))) {
		t.Error("not another order each time, or not the same for the same seed")
	}
	for _, all := range [][]int{first, second} {
		if slices.Sort(all); !slices.Equal(all, want) {
			t.Error("requests were lost")
		}
	}
}

func TestTake(t *testing.T) {
	for number, want := range map[int64]int{All: 3, 2: 2, 3: 3, 8: 8} {
		o := text("a\nb\nc\n")
		o.Number, o.Tell, o.Paths = number, logged(t), []string{"log"}
		if got := lines(t, "custom", o); len(got) != want {
			t.Errorf("--number %d: %d lines", number, len(got))
		}
	}
	o := text("a\nb\nc\n")
	o.Offset, o.Repeat = 1, 2
	if got := lines(t, "custom", o); len(got) != 4 {
		t.Errorf("%d lines, want twice two", len(got))
	}
}

// FuzzTrace: no log, however damaged, does more than end in an error.
func FuzzTrace(f *testing.F) {
	for _, seed := range []string{
		`{"timestamp":0,"input_length":3,"output_length":2,"hash_ids":[0]}`,
		`{"chat_id":1,"timestamp":1,"input_length":3,"output_length":2,"hash_ids":[0],"turn":1}`,
		"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,3,4",
		"Timestamp,Model,Request tokens,Response tokens\n1,a,2,3",
		`{"log":{"entries":[{"startedDateTime":"2026-01-02T03:04:05Z","request":{"method":"POST","url":"http://a/b?c=d",` +
			`"postData":{"text":"{}"}}}]}}`,
		`{"timestamp":1,"body":"{}"}`, `{"method":"POST","url":"http://a/b","body":"e30="}`,
		`{"msec":"1","request":"POST / HTTP/1.1","request_body":"{}"}`,
		`{"sent_us":1,"request":"{\"prompt\":\"a\"}"}`, `{"prompt":"a","output_tokens":1}`, `{"turns":[{"body":{}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		for _, path := range []string{"trace", "line_by_line", "custom_multi_turn", "rerank"} {
			o := text(string(log))
			o.Tell = func(_, _, _ string, _ ...any) {}
			source, err := Open(t.Context(), path, o, &body.Shape{})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for r, err := range source {
				if err != nil {
					continue
				}
				line, err := r.Append(nil)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := request.Parse(line); err != nil {
					t.Fatalf("%s: made %s: %v", path, line, err)
				}
				if n++; n > 10 {
					break
				}
			}
		}
	})
}

func parse(s string) gjson.Result { return gjson.Parse(s) }

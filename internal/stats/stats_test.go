package stats

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/goccy/go-json"

	"perfpipe/internal/dist"
	"perfpipe/internal/group"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/record"
)

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	if err := jsonl.NewWriter(&b).Write(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// stateJSON returns the summary of c with its states.
func stateJSON(t *testing.T, c *Collector) string {
	t.Helper()
	s := c.Summary()
	if err := c.States(s); err != nil {
		t.Fatal(err)
	}
	return mustJSON(t, s)
}

// randomRecord returns a record with valid types but random, possibly absurd values.
func randomRecord(r *rand.Rand) *record.Record {
	ms := func() float64 {
		switch r.IntN(8) {
		case 0:
			return 0
		case 1:
			return -r.Float64() * 1e3
		case 2:
			return r.Float64() * 1e300
		}
		return float64(r.IntN(1e7)) / 1000
	}
	n := func() int { return r.IntN(2000) - 10 }
	rec := &record.Record{
		Run: fmt.Sprint("rate=", r.IntN(3)), Mode: "capped", API: "sim", Op: "chat", Model: "m", Rate: ms(), Parallel: n(),
		ScheduledUs: int64(1e15) + r.Int64N(1e9), QueueMs: ms(), SentUs: int64(1e15) + r.Int64N(1e9) - 1e3, LagMs: ms(),
		ReadDelayMs: ms(), ClientCPU: ms(), ConnectMs: ms(), TTFTMs: ms(), ReasoningTTFTMs: ms(), LatencyMs: ms(),
		PromptTokens: n(), CompletionTokens: n(), CachedTokens: n(), OK: r.IntN(5) > 0, FinishReason: "stop",
	}
	for range r.IntN(5) {
		rec.GapUs = append(rec.GapUs, r.Int64N(1e6)-10)
		rec.ChunkTokens = append(rec.ChunkTokens, n())
	}
	if r.IntN(20) == 0 {
		rec.SentUs, rec.ScheduledUs = r.Int64()-r.Int64(), r.Int64()-r.Int64()
	}
	if !rec.OK {
		rec.Error = &record.Error{Kind: record.KindHTTP, Message: fmt.Sprint(r.IntN(9))}
	}
	return rec
}

func TestRandomRecordsNeverYieldNaN(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	n := 100_000
	if !testing.Short() {
		n = 1_000_000
	}
	c := New(Options{ExactLimit: 1000})
	for range n {
		c.Add(randomRecord(r))
	}
	out := mustJSON(t, c.Summary())
	var v any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, word := range []string{"NaN", "Inf"} {
		if strings.Contains(out, word) {
			t.Errorf("%s in %s", word, out)
		}
	}
}

func TestOrderAndPartsDoNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var records []*record.Record
	for range 500 {
		records = append(records, randomRecord(r))
	}
	for _, limit := range []int{-1, 50} {
		sum := func(parts ...[]*record.Record) string {
			opt := Options{ExactLimit: limit, Intervals: limit > 0}
			all := New(opt)
			for _, part := range parts {
				c := New(opt)
				for _, rec := range part {
					c.Add(rec)
				}
				all.Merge(c)
			}
			return mustJSON(t, all.Summary())
		}
		want := sum(records)
		for range 20 {
			r.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
			cut := r.IntN(len(records))
			if got := sum(records[:cut], records[cut:]); got != want {
				t.Fatalf("limit %d: shuffled and in two parts\n%s\nin one\n%s", limit, got, want)
			}
		}
	}
}

func TestSummaryChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	once, often := New(Options{}), New(Options{})
	for range 200 {
		rec := randomRecord(r)
		once.Add(rec)
		often.Add(rec)
		often.Summary()
	}
	if a, b := mustJSON(t, once.Summary()), mustJSON(t, often.Summary()); a != b {
		t.Errorf("once  %s\noften %s", a, b)
	}
}

// lines returns n random record lines.
func lines(t *testing.T, n int) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 4))
	var b bytes.Buffer
	w := jsonl.NewWriter(&b)
	for range n {
		if err := w.Write(randomRecord(r)); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func read(t *testing.T, workers int, skip bool, r io.Reader) (*Stream, error) {
	t.Helper()
	s := NewStream(Options{}, workers, skip)
	return s, s.Read(context.Background(), r, "in")
}

func TestStreamReadsAnyPieces(t *testing.T) {
	data := lines(t, 300)
	want := ""
	odd := []byte("\ufeff" + strings.ReplaceAll(string(data), "\n", "\r\n \r\n"))
	for name, in := range map[string]func() io.Reader{
		"whole":               func() io.Reader { return bytes.NewReader(data) },
		"one byte at a time":  func() io.Reader { return iotest.OneByteReader(bytes.NewReader(data)) },
		"end with data":       func() io.Reader { return iotest.DataErrReader(bytes.NewReader(data)) },
		"no end of last line": func() io.Reader { return bytes.NewReader(bytes.TrimSuffix(data, []byte("\n"))) },
		"CRLF, BOM, blanks":   func() io.Reader { return bytes.NewReader(odd) },
	} {
		for _, workers := range []int{1, 3} {
			s, err := read(t, workers, false, in())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := mustJSON(t, s.Collector().Summary())
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("%s, %d workers: %s\nwant %s", name, workers, got, want)
			}
		}
	}
}

func TestStreamNamesTheFirstBadLine(t *testing.T) {
	for name, test := range map[string]struct{ in, err string }{
		"no object":     {"{\"ok\":true}\n\n42\nalso bad\n", `in:3: not a JSON object: "42"`},
		"a request":     {`{"messages":[]}`, `in:1: not a record: it has none of ok, error, status, sent_us and latency_ms`},
		"a wrong type":  {`{"ok":true,"sent_us":"1"}`, `in:1: not a record: sent_us is a string`},
		"after a block": {strings.Repeat(`{"ok":true}`+"\n", 200_000) + "x", `in:200001: not a JSON object: "x"`},
	} {
		_, err := read(t, 2, false, strings.NewReader(test.in))
		var bad *jsonl.LineError
		if !errors.As(err, &bad) || err.Error() != test.err {
			t.Errorf("%s: %v, want %s", name, err, test.err)
		}
		s, err := read(t, 2, true, strings.NewReader(test.in))
		if err != nil {
			t.Errorf("%s, skipped: %v", name, err)
		}
		if n, first := s.Skipped(); n == 0 || first.Error() != test.err {
			t.Errorf("%s: skipped %d, first %v", name, n, first)
		}
	}
}

func TestStreamKnowsEmptyInputs(t *testing.T) {
	s := NewStream(Options{}, 2, true)
	s.Where(func(line []byte) (bool, error) { return !bytes.Contains(line, []byte("false")), nil })
	for _, c := range []struct {
		in   string
		want bool
	}{{"{\"ok\":true}\n", false}, {"", true}, {"\n \n", true}, {"{\"ok\":false,\"status\":500}", false}, {"bad\n", true}} {
		if err := s.Read(t.Context(), strings.NewReader(c.in), "in"); err != nil || s.Empty() != c.want {
			t.Errorf("%q: %v, %v, want %v", c.in, s.Empty(), err, c.want)
		}
	}
}

func TestStreamDoesNotMixLines(t *testing.T) {
	s, err := read(t, 1, false, strings.NewReader(`{"ok":true,"run":"a","ttft_ms":1,"gap_us":[5],`+
		`"completion_tokens":2,"labels":{"a":"b"}}`+"\n"+`{"ok":true,"run":"b"}`))
	if err != nil {
		t.Fatal(err)
	}
	b := s.Collector().Summary().Blocks
	if len(b) != 2 || b[1].Run != "b" || b[1].Metrics.Get("ttft_ms") != nil || b[1].Metrics.Get("itl_ms") != nil ||
		b[1].OutputTokens != 0 {
		t.Errorf("%s", mustJSON(t, b))
	}
}

func TestStreamLongLine(t *testing.T) {
	long := `{"ok":true,"latency_ms":1,"output":"` + strings.Repeat("x", 5<<20) + `"}` + "\n"
	s, err := read(t, 2, false, strings.NewReader(long+long+`{"ok":false,"status":500}`))
	if err != nil {
		t.Fatal(err)
	}
	if b := s.Collector().Summary().Blocks; len(b) != 1 || b[0].Requests != 3 {
		t.Errorf("%s", mustJSON(t, b))
	}
}

func TestStreamReportsReadErrors(t *testing.T) {
	broken := errors.New("broken")
	_, err := read(t, 2, false, io.MultiReader(strings.NewReader(`{"ok":true}`+"\n"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || err.Error() != "in: broken" {
		t.Errorf("%v", err)
	}
}

func TestStreamEndsWithTheContext(t *testing.T) {
	silent, w := io.Pipe()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	s := NewStream(Options{}, 2, false)
	go func() {
		io.WriteString(w, `{"ok":true}`+"\n")
		io.WriteString(w, `{"ok":`) // returns only after the first line was read
		cancel(cause)
	}()
	if err := s.Read(ctx, silent, "in"); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}

func TestStateKeepsAll(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, limit := range []int{-1, 20} {
		opt := Options{ExactLimit: limit, Intervals: limit == 20}
		whole, other := New(opt), New(opt)
		for i := range 300 {
			rec := randomRecord(r)
			rec.Session, rec.Turn = fmt.Sprint(i%40), i/40
			whole.Add(rec)
			other.Add(rec)
		}
		line := stateJSON(t, whole)
		again := New(opt)
		if err := again.addSummary([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if got := stateJSON(t, again); got != line {
			t.Errorf("limit %d: again %s\nfirst %s", limit, got, line)
		}
		again.Merge(other)
		whole.Merge(other)
		if got, want := mustJSON(t, again.Summary()), mustJSON(t, whole.Summary()); got != want {
			t.Errorf("limit %d: added to %s\nwant %s", limit, got, want)
		}
	}
}

// TestFormerNameIsRead checks that summaries written under the project's former name can be read.
func TestFormerNameIsRead(t *testing.T) {
	c := New(Options{})
	c.Add(streamed(0))
	line := stateJSON(t, c)
	former := strings.Replace(line, `"format":"perfpipe-summary/`, `"format":"llmperf-summary/`, 1)
	if former == line {
		t.Fatalf("no format in %s", line)
	}
	got, err := read(t, 1, false, strings.NewReader(former+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := stateJSON(t, got.Collector()); got != line {
		t.Errorf("got %s\nwant %s", got, line)
	}
}

// TestOlderSummaryIsRefused checks that a summary of the first format is an error.
func TestOlderSummaryIsRefused(t *testing.T) {
	old, err := os.ReadFile("testdata/summary-1.json")
	if err != nil {
		t.Fatal(err)
	}
	_, err = read(t, 1, false, bytes.NewReader(old))
	want := "in:1: a summary of the format llmperf-summary/1, whose state this version, of perfpipe-summary/2, " +
		"does not read: summarize its records anew"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestStateOfUnknownNames checks that unknown names in a state are errors.
func TestStateOfUnknownNames(t *testing.T) {
	for want, change := range map[string]func(*groupState){
		`unknown fact "colour"`:         func(s *groupState) { s.Facts[0].Name = "colour" },
		`unknown distribution "taste"`:  func(s *groupState) { s.Dists[0].Name = "taste" },
		`unknown count "sheep"`:         func(s *groupState) { s.Sums[0].Name = "sheep" },
		`unknown measure of the client`: func(s *groupState) { s.Client[0].Name = "mood" },
	} {
		s := groupState{
			Facts: []factState{{Name: "run"}}, Dists: []dist.State{{Name: "ttft_ms"}},
			Sums: []sumState{{Name: "ok"}}, Client: []dist.State{{Name: "lag"}},
		}
		change(&s)
		if _, err := s.group(&Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func FuzzState(f *testing.F) {
	c := New(Options{})
	c.Add(streamed(0))
	s := c.Summary()
	if err := c.States(s); err != nil {
		f.Fatal(err)
	}
	f.Add(s.Blocks[0].State)
	f.Fuzz(func(t *testing.T, state string) {
		c := New(Options{})
		if c.addSummary(fmt.Appendf(nil, `{"format":%q,"blocks":[{"state":%q}]}`, format, state)) == nil {
			mustJSON(t, c.Summary())
		}
	})
}

// TestCutShort checks that an interrupted run is recognized by its records alone.
func TestCutShort(t *testing.T) {
	const note = "cut short: 3 of the 5 requests that were asked for, or these are not all of its records"
	for name, c := range map[string]struct {
		lines []string
		noted bool
	}{
		"interrupted": {[]string{`"run":"a","number":5`, `"run":"a","number":5`, `"run":"a","number":5`}, true},
		"whole":       {[]string{`"run":"a","number":3`, `"run":"a","number":3`, `"run":"a","number":3`}, false},
		"all lines":   {[]string{`"run":"a"`, `"run":"a"`}, false},
		"conversations": {[]string{
			`"run":"a","number":2,"session":"s","turn":1`, `"run":"a","number":2,"session":"s","turn":2`,
			`"run":"a","number":2,"session":"t","turn":1`,
		}, false},
		"fewer conversations": {[]string{
			`"run":"a","number":5,"session":"s","turn":1`, `"run":"a","number":5,"session":"t","turn":1`,
			`"run":"a","number":5,"session":"t","turn":2`, `"run":"a","number":5,"session":"u","turn":1`,
		}, true},
		"conversations that began midway": {[]string{
			`"run":"a","number":2,"session":"s","turn":3`, `"run":"a","number":2,"session":"t","turn":2`,
		}, false},
		"warm-up": {[]string{
			`"run":"a","number":5,"phase":"warmup"`, `"run":"a","number":5`, `"run":"a","number":5`, `"run":"a","number":5`,
		}, true},
	} {
		c2 := New(Options{})
		for _, l := range c.lines {
			var r record.Record
			if err := json.Unmarshal([]byte(`{"sent_us":1000000,"latency_ms":1,"ok":true,`+l+`}`), &r); err != nil {
				t.Fatal(err)
			}
			c2.Add(&r)
		}
		b := c2.Summary().Blocks[0]
		if got := slices.Contains(b.Notes, note); got != c.noted {
			t.Errorf("%s: notes %q", name, b.Notes)
		}
	}
}

// TestPartOfALoadPoint checks that the requests of a label, fewer than those of the load point, are not called cut
// short, and that requests without a token count are not grouped with those of none.
func TestPartOfALoadPoint(t *testing.T) {
	for by, want := range map[string][]string{
		"labels.tenant": {"a", "b"},
		"prompt_tokens": {"", "0"},
	} {
		key, err := group.Parse(by)
		if err != nil {
			t.Fatal(err)
		}
		s := NewStream(Options{By: []group.Key{key}}, 1, false)
		err = s.Read(t.Context(), strings.NewReader(
			`{"sent_us":1000000,"latency_ms":1,"ok":true,"run":"a","number":2,"labels":{"tenant":"a"}}`+"\n"+
				`{"sent_us":1000000,"latency_ms":1,"ok":true,"run":"a","number":2,"labels":{"tenant":"b"},"prompt_tokens":0}`), "in")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range s.Collector().Summary().Blocks {
			if got = append(got, b.of.Name.String()); hasNote(&b, "cut short") {
				t.Errorf("%s: notes %q", got, b.Notes)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("groups %q, want %q", got, want)
		}
	}
}

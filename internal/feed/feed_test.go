package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/load"
)

// line returns a request line with an id.
func line(id string) string {
	return fmt.Sprintf(`{"custom_id":%q,"body":{"model":"m","prompt":"p"}}`, id) + "\n"
}

// ids reads up to n requests and returns their ids and the error after them.
func ids(t *testing.T, f *Feed, n int) (string, error) {
	t.Helper()
	var list []string
	for range n {
		r, err := f.Next(t.Context())
		if err != nil {
			return strings.Join(list, " "), err
		}
		list = append(list, r.ID)
		r.Release()
	}
	return strings.Join(list, " "), nil
}

func TestRepeat(t *testing.T) {
	big := strings.Repeat(line("a")+line("b"), spoolLimit/100) // more than the spool holds in memory
	for _, c := range []struct {
		name   string
		input  string
		repeat Repeat
		n      int
		want   string
		err    error
	}{
		{"once", line("a") + line("b"), Once, 5, "a b", io.EOF},
		{"loop", line("a") + line("b"), Loop, 5, "a b a b a", nil},
		{"loop of nothing", "\n", Loop, 5, "", io.EOF},
		{"pass", line("a") + line("b"), Passes, 5, "a b", io.EOF},
		{"loop through a file", big, Loop, 3 * strings.Count(big, "\n"),
			strings.TrimSpace(strings.Repeat("a b ", 3*strings.Count(big, "\n")/2)), nil},
	} {
		f := Start(t.Context(), Config{Input: strings.NewReader(c.input), Name: "in", Repeat: c.repeat})
		if got, err := ids(t, f, c.n); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: got %.40q, %v; want %.40q, %v", c.name, got, err, c.want, c.err)
		}
	}
}

func TestPasses(t *testing.T) {
	f := Start(t.Context(), Config{Input: strings.NewReader(line("a") + line("b")), Repeat: Passes})
	for i, n := range []int{3, 1, 3} { // the second pass is left before its end
		if got, _ := ids(t, f, n); got != "a b"[:min(2*n-1, 3)] {
			t.Errorf("pass %d: got %q", i, got)
		}
		if err := f.NextPass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPeek(t *testing.T) {
	f := Start(t.Context(), Config{Input: strings.NewReader(line("a") + line("b"))})
	for range 2 {
		if r, err := f.Peek(t.Context()); err != nil || r.ID != "a" {
			t.Errorf("peeked at %v, %v", r, err)
		}
	}
	if got, _ := ids(t, f, 2); got != "a b" {
		t.Errorf("got %q", got)
	}
}

func TestCompressedInput(t *testing.T) {
	var packed bytes.Buffer
	w, err := jsonl.Compress(&packed, "in.gz")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, line("a")+line("b"))
	w.Close()
	whole := packed.Bytes()
	f := Start(t.Context(), Config{Input: bytes.NewReader(whole), Name: "in"})
	if got, err := ids(t, f, 3); got != "a b" || err != io.EOF {
		t.Errorf("got %q, %v", got, err)
	}
	f = Start(t.Context(), Config{Input: bytes.NewReader(whole[:len(whole)-4]), Name: "in"})
	if _, err := ids(t, f, 3); !jsonl.Damaged(err) || !strings.HasPrefix(err.Error(), "in: ") {
		t.Errorf("damaged: %v", err)
	}
}

// A rejected line is skipped or ends the feed; a fatal error ends it in any case.
func TestRejectedLines(t *testing.T) {
	prepare := func(r *load.Request) error {
		switch r.ID {
		case "bad":
			return errors.New("rejected")
		case "fatal":
			return Fatal(errors.New("no server"))
		}
		return nil
	}
	for _, c := range []struct {
		input   string
		skip    bool
		want    string
		err     string
		skipped string
	}{
		{line("a") + line("bad") + line("b"), false, "a", "in:2: rejected", ""},
		{line("a") + line("bad") + line("b"), true, "a b", "EOF", "in:2: rejected"},
		{line("a") + "{}x\n" + line("b"), true, "a b", "EOF", "in:2: "},
		{line("a") + line("fatal") + line("b"), true, "a", "no server", ""},
	} {
		cfg := Config{Input: strings.NewReader(c.input), Name: "in", Prepare: prepare}
		var skipped string
		if c.skip {
			cfg.Skip = func(err error) { skipped += err.Error() }
		}
		f := Start(t.Context(), cfg)
		got, err := ids(t, f, 5)
		if got != c.want || err.Error() != c.err || !strings.HasPrefix(skipped, c.skipped) {
			t.Errorf("%q: got %q, %v, skipped %q", c.input, got, err, skipped)
		}
		if n, _ := f.Skipped(); n > 0 != (c.skipped != "") {
			t.Errorf("%q: %d skipped", c.input, n)
		}
	}
}

// The log gets the first pass as it was read.
func TestLog(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := NewLog(file)
	if err != nil {
		t.Fatal(err)
	}
	f := Start(t.Context(), Config{
		Input: strings.NewReader(line("a") + line("b")), Repeat: Loop, Log: log.Add,
		Prepare: func(r *load.Request) error { r.ID += "!"; return nil },
	})
	if got, _ := ids(t, f, 4); got != "a! b! a! b!" {
		t.Errorf("got %q", got)
	}
	if err := errors.Join(log.Close(), log.Add(new(load.Request))); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(file.Name()); string(b) != line("a")+line("b") || err != nil {
		t.Errorf("logged %q, %v", b, err)
	}
}

// Each unknown member of an envelope is reported once, with its first line, whether or not the line is good. After
// some names the rest is not.
func TestUnknownMembers(t *testing.T) {
	input := line("a") + `{"sesion":"s","body":{}}` + "\n" + `{"sesion":"s","dely_ms":1,"body":{}}` + "\n"
	for i := range 2 * maxUnknown {
		input += fmt.Sprintf(`{"own%d":0,"body":{}}`, i) + "\n"
	}
	var got []string
	f := Start(t.Context(), Config{
		Input: strings.NewReader(input), Name: "in", Repeat: Loop, Ignored: func(err error) { got = append(got, err.Error()) },
	})
	if _, err := ids(t, f, 3+8*maxUnknown); err != nil {
		t.Error(err)
	}
	if len(got) != maxUnknown || got[0] != `in:2: unknown member "sesion" in the envelope is ignored` ||
		got[1] != `in:3: unknown member "dely_ms" in the envelope is ignored` {
		t.Errorf("%q", got)
	}
}

package recordfile

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/load"
	"perfpipe/internal/partial"
	"perfpipe/internal/record"
)

// What a file of records holds, for each line of the input. A run that was cut short in any way is repaired first.
func TestSent(t *testing.T) {
	const run = `"run_id":"r","latency_ms":1,"sent_us":1,`
	plain := []string{
		`{"id":"r-0","seq":0,` + run + `"ok":true}`,
		`{"id":"r-2","seq":2,` + run + `"ok":false,"error":{"kind":"http","message":"x"}}`,
		`{"id":"r-3","seq":3,` + run + `"ok":false,"error":{"kind":"canceled","message":"x"}}`,
	}
	talk := []string{
		`{"id":"r-0","seq":0,"session":"r-0","turn":1,"turns":2,` + run + `"ok":true}`,
		`{"id":"b","seq":1,"session":"b","turn":1,"turns":3,` + run + `"ok":true}`,
		`{"id":"r-0","seq":2,"session":"r-0","turn":2,"turns":2,` + run + `"ok":true}`,
		`{"id":"b","seq":3,"session":"b","turn":2,"turns":3,"skipped":1,` + run + `"ok":false,"error":{"kind":"http","message":"x"}}`,
		`{"id":"r-2","seq":4,"session":"r-2","turn":1,"turns":2,` + run + `"ok":true}`,
	}
	for _, test := range []struct {
		name  string
		lines string
		has   string // of five lines of the input, the second named b
		left  int    // lines
		err   string
	}{
		{"whole", plain[0] + "\n" + plain[1] + "\n", "x.x..", 2, ""},
		{"without the last line feed", plain[0] + "\n" + plain[1], "x.x..", 2, ""},
		{"cut", plain[0] + "\n" + plain[1][:30], "x....", 1, ""},
		{"canceled", strings.Join(plain, "\n") + "\n", "x.x..", 2, ""},
		{"nothing but a part", plain[0][:20], ".....", 0, ""},
		{"conversations", strings.Join(talk, "\n") + "\n", "xx...", 4, ""},
		{"two runs", plain[0] + "\n" + plain[0] + "\n", "", 0,
			"run.jsonl.partial:2: seq 0 is there twice: it is more than one run"},
		{"no record", plain[0] + "\nnonsense\n" + plain[1] + "\n", "", 0, "run.jsonl.partial:2: not a record"},
		{"of another shard", plain[0] + "\n" + strings.Replace(plain[1], `"seq"`, `"shard":"1/2","seq"`, 1) + "\n", "", 0,
			"its shard is not that of the lines before"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("run.jsonl.partial", []byte(test.lines), 0o644); err != nil {
				t.Fatal(err)
			}
			s, _, err := readSent("run.jsonl")
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("%v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for line := range int64(5) {
				req := new(load.Request)
				if line == 1 {
					req.ID = "b"
				}
				has, err := s.has(line, req)
				if err != nil {
					t.Fatal(err)
				}
				got += map[bool]string{true: "x", false: "."}[has]
			}
			b, err := os.ReadFile("run.jsonl.partial")
			left := string(b)
			n, whole := strings.Count(left, "\n"), strings.HasSuffix("\n"+left, "\n")
			if got != test.has || err != nil || n != test.left || !whole {
				t.Errorf("has %s, want %s; left %q (%v)", got, test.has, b, err)
			}
			if _, err := s.Load(load.Shard{Index: 1, Of: 2}); s.Records > 0 && err == nil {
				t.Error("another shard goes on")
			}
			if rest, _ := filepath.Glob("*.new"); len(rest) > 0 {
				t.Error("left behind:", rest)
			}
		})
	}
}

// appendTo is the create of Resume.
func appendTo(path string) *partial.File { return partial.Create(path, partial.Options{Append: true}) }

// A resumed file is renamed to FILE.partial, appended to, and renamed back.
func TestResume(t *testing.T) {
	t.Chdir(t.TempDir())
	line := func(seq int, canceled bool) string {
		b, err := new(record.Encoder).Append(nil, &record.Record{
			ID: "r-" + strconv.Itoa(seq), Seq: int64(seq), RunID: "r", OK: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		text := string(b) + "\n"
		if canceled {
			text = strings.Replace(text, `"ok":true`, `"ok":false,"error":{"kind":"canceled","message":"x"}`, 1)
		}
		return text
	}
	for _, name := range []string{"run.jsonl", "run.jsonl.zst"} {
		f, err := Open(appendTo(name), name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, line(0, false)+line(1, true))
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		f, s, err := Resume(name, appendTo)
		if err != nil || s.Records != 1 || s.Dropped != 1 {
			t.Fatalf("%s: %+v, %v", name, s, err)
		}
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s: still there while it is written", name)
		}
		w := NewWriter(f)
		if err := w.Emit(&record.Record{ID: "r-1", Seq: 1, RunID: "r", OK: true}); err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		var ids []string
		_, err = eachRecord(name, func(r *record.Record, _ []byte) error { ids = append(ids, r.ID); return nil })
		if err != nil {
			t.Error(err)
		}
		if got := strings.Join(ids, " "); got != "r-0 r-1" {
			t.Errorf("%s holds %s", name, got)
		}
	}
}

// A file of other lines is continued after its last whole one, whether the earlier run ended or was killed.
func TestContinue(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, c := range map[string]struct{ path, holds, want string }{
		"nothing":       {"a.jsonl", "", "new"},
		"ended":         {"a.jsonl", "{\"a\":1}\n", "{\"a\":1} new"},
		"killed":        {"a.jsonl.partial", "{\"a\":1}\n", "{\"a\":1} new"},
		"cut":           {"a.jsonl.partial", "{\"a\":1}\n{\"a\":", "{\"a\":1} new"},
		"without an LF": {"a.jsonl.partial", "{\"a\":1}\n{\"a\":2}", "{\"a\":1} {\"a\":2} new"},
		"compressed":    {"a.jsonl.zst.partial", "{\"a\":1}\n{\"a\":2}\n", "{\"a\":1} {\"a\":2} new"},
	} {
		path := strings.TrimSuffix(c.path, partial.Suffix)
		var b strings.Builder
		w, err := jsonl.Compress(&b, path)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, c.holds)
		if f, ok := w.(interface{ Flush() error }); ok { // and is killed
			f.Flush()
		}
		text := b.String()
		if text != "" {
			os.WriteFile(c.path, []byte(text), 0o600)
		}
		f, err := Continue(path, appendTo)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		io.WriteString(f, "new\n")
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		var got []string
		damaged, err := eachLine(path, func(line []byte) error { got = append(got, string(line)); return nil })
		if strings.Join(got, " ") != c.want || damaged || err != nil {
			t.Errorf("%s: %q, want %s (%v)", name, got, c.want, err)
		}
		os.Remove(path)
	}
}

// It is not clear which of two files to resume, and a folder cannot be resumed.
func TestResumeRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"a", "a.partial"} {
		if err := os.WriteFile(name, []byte("{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"a": "both a and a.partial hold records", ".": ". is not a file",
	} {
		if _, _, err := Resume(path, appendTo); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}

// A file that cannot be resumed keeps its name and its contents.
func TestResumeRestores(t *testing.T) {
	t.Chdir(t.TempDir())
	const text = `{"id":"r-0","seq":0,"run_id":"r","ok":true}` + "\n"
	if err := os.WriteFile("run.jsonl", []byte(text+text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Resume("run.jsonl", appendTo); err == nil {
		t.Error("two runs in one file were resumed")
	}
	if b, err := os.ReadFile("run.jsonl"); string(b) != text+text || err != nil {
		t.Errorf("left %q, %v", b, err)
	}
	if _, err := os.Stat("run.jsonl.partial"); err == nil {
		t.Error("a partial file is left")
	}
}

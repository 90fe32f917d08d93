package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"perfpipe/internal/cli"
	"perfpipe/internal/load"
	"perfpipe/internal/request"
)

// What a records file holds, line by line of the input: a run that was cut short in any way is mended first.
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
		`{"id":"b","seq":3,"session":"b","turn":2,"turns":3,` + run + `"ok":false,"error":{"kind":"http","message":"x"}}`,
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
		{"two runs", plain[0] + "\n" + plain[0] + "\n", "", 0, "run.jsonl.partial:2: seq 0 stands there twice: it is more than one run"},
		{"no record", plain[0] + "\nnonsense\n" + plain[1] + "\n", "", 0, "run.jsonl.partial:2: not a record"},
		{"of another shard", plain[0] + "\n" + strings.Replace(plain[1], `"seq"`, `"shard":"1/2","seq"`, 1) + "\n", "", 0, "its shard is not that of the lines before"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("run.jsonl.partial", []byte(test.lines), 0o644); err != nil {
				t.Fatal(err)
			}
			s, err := readSent(&cli.Env{Stderr: new(strings.Builder)}, "run.jsonl")
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
				req := &request.Request{}
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
			if got != test.has || err != nil || strings.Count(string(b), "\n") != test.left || len(b) > 0 && b[len(b)-1] != '\n' {
				t.Errorf("has %s, want %s; left %q (%v)", got, test.has, b, err)
			}
			if _, err := s.engine(load.Shard{Index: 1, Of: 2}); s.records > 0 && err == nil {
				t.Error("another shard goes on")
			}
			if rest, _ := filepath.Glob("*.new"); len(rest) > 0 {
				t.Error("left behind:", rest)
			}
		})
	}
}

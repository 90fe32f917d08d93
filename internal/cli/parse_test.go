package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfpipe/internal/fault"
)

type testFlags struct {
	Files  []string `arg:"" optional:""`
	Rate   Floats   `help:"Requests/s."`
	Number Ints
	Stop   Strings
	SLO    Conditions `name:"slo"`
	Paths  Paths
	Grace  Duration `default:"5s" help:"How long to wait."`
	Stream *bool    `negatable:""`
	Label  Labels
	Key    string `env:"TEST_KEY"`
	VersionFlag
}

// parse runs Parse in a folder that has the files a.jsonl and 20.
func parse(t *testing.T, args ...string) (f testFlags, stderr string, err error) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range []string{"a.jsonl", "20"} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, talk bytes.Buffer
	e := &Env{Name: "perf-send", Args: args, Stdout: &out, Stderr: &talk}
	err = e.Parse(&f, "Test.")
	return f, talk.String(), err
}

func TestLists(t *testing.T) {
	for _, c := range []struct {
		args string
		want testFlags
		say  string
		err  string
	}{
		{args: "--rate 5 10 15", want: testFlags{Rate: Floats{5, 10, 15}}},
		{args: "--rate 5,10 15 a.jsonl", want: testFlags{Rate: Floats{5, 10, 15}, Files: []string{"a.jsonl"}}},
		{args: "--rate 5 20", err: "--rate: 20 is a number and a file: write the numbers with commas, and the file as ./20"},
		{args: "--number 1.5", err: "--number: 1.5 is not a whole number"},
		{args: "--stop END a.jsonl", want: testFlags{Stop: Strings{"END"}, Files: []string{"a.jsonl"}},
			say: "perf-send: --stop ends before a.jsonl, which is read as a file\n"},
		{args: "--stop=END a.jsonl", want: testFlags{Stop: Strings{"END"}, Files: []string{"a.jsonl"}},
			say: "perf-send: --stop ends before a.jsonl, which is read as a file\n"},
		{args: "--stop a.jsonl", want: testFlags{Stop: Strings{"a.jsonl"}}},
		{args: "--stop END gone.txt", err: "--stop: gone.txt looks like a file, but does not exist"},
		{args: "--stop a b </s> --rate 1", want: testFlags{Stop: Strings{"a", "b", "</s>"}, Rate: Floats{1}}},
		{args: "--slo a<1 b>2 a.jsonl", want: testFlags{SLO: Conditions{"a<1", "b>2"}, Files: []string{"a.jsonl"}}},
		{args: "--label a=1 b=x=y --label a=1 a.jsonl",
			want: testFlags{Label: Labels{"a": "1", "b": "x=y"}, Files: []string{"a.jsonl"}}},
		{args: "--label a=1 --label a=2", err: `--label: "a" is both "1" and "2"`},
		{args: "--label a", err: `--label: "a" is not KEY=VALUE`},
		{args: "--paths a.jsonl gone.txt", want: testFlags{Paths: Paths{"a.jsonl", "gone.txt"}}},
		{args: "--grace 500ms", want: testFlags{Grace: Duration(500 * time.Millisecond)}},
		{args: "--grace 2", want: testFlags{Grace: Duration(2 * time.Second)}},
		{args: "--grace -2s", err: `--grace: "-2s" is not a time such as 30 (seconds), 500ms or 2m`},
	} {
		t.Run(c.args, func(t *testing.T) {
			f, say, err := parse(t, strings.Fields(c.args)...)
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Errorf("got %v, want %s", err, c.err)
				}
				return
			}
			if c.want.Grace == 0 {
				c.want.Grace = Duration(5 * time.Second)
			}
			if err != nil || !reflect.DeepEqual(f, c.want) {
				t.Errorf("got %+v, %v, want %+v", f, err, c.want)
			}
			if say != c.say {
				t.Errorf("said %q, want %q", say, c.say)
			}
		})
	}
}

// TestConfig checks that the command line takes precedence over the environment, and the environment over the file.
func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name, file, env, args string
		want                  testFlags
		err                   string
	}{
		{name: "yaml", file: "perf-send:\n  rate: [1, 2]\n  grace: 2m\n  stream: false\n  stop: END\nperf-gen:\n  x: 1\n",
			want: testFlags{Rate: Floats{1, 2}, Grace: Duration(2 * time.Minute), Stream: new(bool), Stop: Strings{"END"}}},
		{name: "json", file: `{"perf-send": {"rate": 5, "slo": ["a<1", "b<2"]}}`,
			want: testFlags{Rate: Floats{5}, SLO: Conditions{"a<1", "b<2"}}},
		{name: "environment", file: "perf-send: {rate: 1, number: 3}", env: "7 8",
			want: testFlags{Rate: Floats{7, 8}, Number: Ints{3}}},
		{name: "typed", file: "perf-send: {rate: 1}", env: "7", args: "--rate 9", want: testFlags{Rate: Floats{9}}},
		{name: "other command", file: "perf-gen: {number: 1}", want: testFlags{}},
		{name: "unknown flag", file: "perf-send: {raet: 1}", err: "--config: c.yaml: perf-send has no flag raet"},
		{name: "unknown section", file: "send: {rate: 1}",
			err: `--config: c.yaml: there is no command "send": the sections are perf-gen, perf-send, perf-stats, perf-plot`},
		{name: "no sections", file: "rate: 1\nnumber: [2]\n",
			err: `--config: c.yaml: want a section for each command, such as "perf-send:" with "url: …" below it: line 1`},
		{name: "nested", file: "perf-send:\n  rate: {a: 1}\n",
			err: "--config: c.yaml: line 2: perf-send: rate: want a value or a list of values"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(c.file), 0o644); err != nil {
				t.Fatal(err)
			}
			if c.env != "" {
				t.Setenv("PERF_SEND_RATE", c.env)
			}
			t.Chdir(dir)
			var f testFlags
			e := &Env{Name: "perf-send", Args: append([]string{"--config", "c.yaml"}, strings.Fields(c.args)...)}
			err := e.Parse(&f, "Test.")
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Errorf("got %v, want %s", err, c.err)
				}
				return
			}
			f.Config = ""
			if c.want.Grace == 0 {
				c.want.Grace = Duration(5 * time.Second)
			}
			if err != nil || !reflect.DeepEqual(f, c.want) {
				t.Errorf("got %+v, %v, want %+v", f, err, c.want)
			}
		})
	}
}

// TestUnknownFlags checks that the errors for flags of other load testers and of the sister commands suggest ours.
func TestUnknownFlags(t *testing.T) {
	for _, c := range []struct{ command, flag, hint string }{
		{"perf-send", "--concurrency", "perf-send calls it --parallel"},
		{"perf-send", "--request-rate", "perf-send calls it --rate"},
		{"perf-send", "--num-prompts", "perf-send calls it --number"},
		{"perf-gen", "--input-len", "perf-gen calls it --max-prompt-length"},
		{"perf-send", "--random-input-len", "perf-gen has it, as --max-prompt-length"},
		{"perf-send", "--max-tokens", "--max-tokens is a flag of perf-gen"},
		{"perf-stats", "--no-progress", "--no-progress is a flag of perf-send"},
		{"perf-stats", "--json", "perf-stats calls it --format json"},
		{"perf-gen", "--json", "perf-gen --help lists the flags"},
		{"perf-send", "--api_key", "perf-send calls it --api-key"},
		{"perf-send", "--max_tokens", "--max-tokens is a flag of perf-gen"},
		{"perf-send", "--format", "--format is a flag of perf-gen, perf-stats, perf-plot"},
		{"perf-send", "--no-rate", "perf-send --help lists the flags"},
		{"perf-send", "--nonsense", "perf-send --help lists the flags"},
	} {
		var f struct{ VersionFlag }
		e := &Env{Name: c.command, Args: []string{c.flag, "1"}}
		var ce *fault.Error
		if err := e.Parse(&f, "Test."); !errors.As(err, &ce) || ce.Hint != c.hint || ce.Code != fault.CodeUsage {
			t.Errorf("%s %s: %v, hint %q, want %q", c.command, c.flag, err, ce.Hint, c.hint)
		}
	}
}

// TestOneSuggestion checks that a flag of another load tester is not also compared with ours by its letters.
func TestOneSuggestion(t *testing.T) {
	var f struct {
		VersionFlag
		API string `name:"api"`
	}
	e := &Env{Name: "perf-send", Args: []string{"--qps", "1"}}
	if err := e.Parse(&f, "Test."); err == nil || err.Error() != "unknown flag --qps" {
		t.Errorf("got %v", err)
	}
}

// TestPeerFlagsExist checks that each flag suggested for a flag of another load tester exists.
func TestPeerFlagsExist(t *testing.T) {
	for name, home := range peers {
		if flag, _, _ := strings.Cut(home, " "); len(ownersOf(flag)) == 0 {
			t.Errorf("%s leads to --%s, which no command has", name, home)
		}
		if len(ownersOf(name)) > 0 {
			t.Errorf("%s is a flag of ours", name)
		}
	}
}

// failing is an output that fails.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestAnswersThatCannotBeWritten(t *testing.T) {
	for _, args := range []string{"--help", "--version", "--man", "--completion=bash"} {
		for want, err := range map[int]error{fault.CodeOK: syscall.EPIPE, fault.CodeFail: syscall.ENOSPC} {
			var talk bytes.Buffer
			e := &Env{Name: "perf-send", Args: []string{args}, Stdout: failing{err}, Stderr: &talk}
			code, said := e.Exit(e.Parse(&testFlags{}, "Test.")), ""
			if want != fault.CodeOK {
				said = "perf-send: " + err.Error() + "\n"
			}
			if code != want || talk.String() != said {
				t.Errorf("%s, %v: exit %d, want %d; %q, want %q", args, err, code, want, talk.String(), said)
			}
		}
	}
}

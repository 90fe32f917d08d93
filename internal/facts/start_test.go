package facts

import (
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/mask"
)

func TestStart(t *testing.T) {
	args := []string{
		"--url", "http://u:secret@host/", "--api-key=secret", "--api-key", "secret", "--key", "client.pem",
		"--headers", "X-Api-Key=secret", "Accept=a", "--rate", "5", "-o", "out.jsonl",
	}
	f := Start("perf-send", args, "v1")
	if line := strings.Join(f.Command, " "); strings.Contains(line, "secret") {
		t.Errorf("a secret is in %q", line)
	}
	want := []string{
		"--api-key=" + mask.Text, "--api-key", mask.Text, "--key", "client.pem",
		"--headers", "X-Api-Key=" + mask.Text, "Accept=a", "--rate", "5", "-o", "out.jsonl",
	}
	if got := f.Command[3:]; !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if f.Format != Format || f.Version != "v1" || f.System == "" || f.CPUs < 1 || f.Started.IsZero() {
		t.Errorf("got %+v", f)
	}
}

func TestRunID(t *testing.T) {
	if a, b := RunID("key"), RunID("key"); a != b || len(a) != runIDLen {
		t.Errorf("ids of one key: %q and %q", a, b)
	}
	if a, b, c := RunID(""), RunID(""), RunID("key"); a == b || a == c || len(a) != runIDLen {
		t.Errorf("ids of three runs: %q, %q and %q", a, b, c)
	}
}

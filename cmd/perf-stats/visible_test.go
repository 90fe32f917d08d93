package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"perfpipe/internal/group"
	"perfpipe/internal/record"
)

// hostile is an escape sequence, a C1 control, a bidirectional override, markup and a formula.
const hostile = "\x1b]0;owned\x07\u009b31m\u202e<img src=x>"

var raw = regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069]")

// hostileRecord returns a record with hostile in every string.
func hostileRecord(i int) *record.Record {
	r := &record.Record{
		Seq: int64(i), ScheduledUs: 1_790_000_000_000_000 + int64(i)*10_000, SentUs: 1_790_000_000_000_000 +
			int64(i)*10_000, OK: i%2 == 0,
		TTFTMs: 5, LatencyMs: 10, PromptTokens: 5, CompletionTokens: 2, GapUs: []int64{1000}, Turn: 1,
		Labels: map[string]string{hostile: hostile, "a": hostile},
	}
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String {
			f.SetString(hostile)
		}
	}
	if !r.OK {
		r.Error = &record.Error{Kind: hostile, Message: hostile}
	}
	return r
}

// TestNothingHostileIsShown checks that no format passes hostile text to a terminal, a document or a spreadsheet.
func TestNothingHostileIsShown(t *testing.T) {
	var b strings.Builder
	for i := range 20 {
		line, err := json.Marshal(hostileRecord(i))
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "a\x1b[31m.jsonl")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var by []string
	_, err := group.Parse("none")
	for name := range strings.SplitSeq(
		regexp.MustCompile(`there are (.*) and labels`).FindStringSubmatch(err.Error())[1], ", ") {
		by = append(by, name)
	}
	by = append(by, "labels.a", "labels."+hostile)
	var runs [][]string
	for _, format := range []string{"table", "markdown", "csv", "prometheus", "html"} {
		runs = append(runs, []string{"--format", format}, []string{"--format", format, "--by", strings.Join(by, ",")})
		if format != "prometheus" && format != "html" {
			runs = append(runs, []string{"--format", format, "--compare", file})
		}
	}
	runs = append(runs, []string{"--format", "junit", "--slo", "ok>=0.9", "--"}, []string{"--define", "all"},
		[]string{"--define", "all", "--format", "markdown"})
	for _, args := range runs {
		out, errs, code := stat(t, "", append(args, file)...)
		t.Chdir("..")
		if code > 1 || out == "" {
			t.Errorf("%q: exit %d: %s", args, code, errs)
		}
		for _, text := range []string{out, errs} {
			if bad := raw.FindStringIndex(text); bad != nil {
				t.Errorf("%q: %q", args, text[max(0, bad[0]-40):min(len(text), bad[1]+20)])
			}
		}
		if args[1] == "markdown" && strings.Contains(out, "<img") {
			t.Errorf("%q: HTML in Markdown", args)
		}
	}
	// A bad line is quoted in the message.
	_, errs, _ := stat(t, hostile+"\n")
	if raw.MatchString(errs) {
		t.Errorf("%q", errs)
	}
}

// TestMessagesAreOneLine checks that a newline in the name of a load point does not forge a line on stderr.
func TestMessagesAreOneLine(t *testing.T) {
	line := `{"run":"r\nhint: none","ok":true,"lag_ms":0,"sent_us":1790000000000000,"latency_ms":5,"op":"embedding","prompt_tokens":1}`
	file := filepath.Join(t.TempDir(), "r.jsonl")
	if err := os.WriteFile(file, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--slo", "latency_ms:max<1", "--", file}, {"--compare", "--fail-on-regression", "5%", file, file},
	} {
		if _, errs, code := stat(t, "", args...); code != 1 || strings.Contains(errs, "\nhint: none") {
			t.Errorf("exit %d: %q", code, errs)
		}
		t.Chdir("..")
	}
}

func TestFormulasAreQuoted(t *testing.T) {
	line := `{"run":"=HYPERLINK(\"http://x\")","model":"@m","op":"-1","ok":true,"sent_us":1790000000000000,"latency_ms":5}`
	out, _, _ := stat(t, line, "--format", "csv")
	for _, want := range []string{`"'=HYPERLINK(""http://x"")"`, ",'@m,", ",-1,"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in %s", want, out)
		}
	}
}

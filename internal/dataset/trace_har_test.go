package dataset

import (
	"fmt"
	"strings"
	"testing"

	"perfpipe/internal/dataset/body"
)

// Browsers write some bodies as if they were Latin-1. The length that was sent tells.
func TestMisreadHAR(t *testing.T) {
	const right, wrong = `{"prompt":"é"}`, `{"prompt":"Ã©"}`
	entry := func(text, length string, size int) string {
		return fmt.Sprintf(`{"startedDateTime":"2026-01-02T03:04:05Z","request":{"method":"POST","url":"/v1/completions",`+
			`"bodySize":%d,"headers":[%s],"postData":{"text":%q}}}`, size, length, text)
	}
	header := func(n int) string { return fmt.Sprintf(`{"name":"Content-Length","value":"%d"}`, n) }
	for _, c := range []struct{ entry, want, said string }{
		{entry(right, header(len(right)), -1), right, ""},
		{entry(wrong, header(len(right)), len(wrong)), right, "bodies in UTF-8 that were written as Latin-1 are read as UTF-8: 1"},
		{entry(wrong, "", len(right)), right, "bodies in UTF-8 that were written as Latin-1 are read as UTF-8: 1"},
		{entry(wrong, header(len(wrong)), -1), wrong, ""},
		{entry(wrong, "", -1), wrong, "bodies that look like UTF-8 written as Latin-1, and are sent as they are: 1"},
		{entry(wrong+" €", header(len(wrong)), -1), "", ""},
	} {
		var said []string
		o := &Options{Paths: []string{write(t, "f.har", `{"log":{"entries":[`+c.entry+`]}}`)}, Number: All,
			Tell: func(_, _, format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }}
		lines, errs := gather(t, "trace", o, &body.Shape{})
		switch {
		case c.want == "" && len(errs) != 1:
			t.Errorf("%s: %q, %v", c.entry, lines, errs)
		case c.want != "" && (len(lines) != 1 || errs != nil || !strings.Contains(lines[0], `"body":`+c.want) ||
			strings.Join(said, "") != c.said):
			t.Errorf("%s: %q, %v, %q", c.entry, lines, errs, said)
		}
	}
}

package table

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
)

func sample() *Table {
	return &Table{
		Title:  "a <title> | b",
		Header: []string{"", "p99.9", "名"},
		Rows:   [][]string{{"TTFT", "12", "表"}, {"a|b\nc", "1,234.5", "<&>"}},
		Notes:  []string{"a <note>"},
	}
}

func TestLayouts(t *testing.T) {
	for name, test := range map[string]struct {
		render func(*Table, io.Writer) error
		want   string
	}{
		"markdown": {(*Table).Markdown, "### a &lt;title&gt; \\| b\n\n" +
			"|        |   p99.9 |            名 |\n|:-------|--------:|--------------:|\n| TTFT   |      12 |            表 " +
			"|\n| a\\|b c | 1,234.5 | &lt;&amp;&gt; |\n\n* a &lt;note&gt;\n"},
		"csv": {(*Table).CSV, ",p99.9,名\nTTFT,12,表\na|b c,\"1,234.5\",<&>\n"},
	} {
		var b bytes.Buffer
		if err := test.render(sample(), &b); err != nil || b.String() != test.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, b.String(), test.want)
		}
	}
}

func TestText(t *testing.T) {
	table := sample()
	table.Rows = table.Rows[:1]
	var b bytes.Buffer
	want := `a <title> | b
┌──────┬───────┬────┐
│      │ p99.9 │ 名 │
├──────┼───────┼────┤
│ TTFT │    12 │ 表 │
└──────┴───────┴────┘
a <note>
`
	if err := table.Text(&b); err != nil || b.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, b.String(), want)
	}
}

func TestHTMLEscapes(t *testing.T) {
	var b bytes.Buffer
	if err := sample().HTML(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h3>a &lt;title&gt; | b</h3>", "<p>a &lt;note&gt;</p>", "&lt;&amp;&gt;"} {
		if !bytes.Contains(b.Bytes(), []byte(want)) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestWriteErrorsAreReported(t *testing.T) {
	for i, render := range []func(*Table, io.Writer) error{(*Table).Text, (*Table).Markdown, (*Table).HTML, (*Table).CSV} {
		if render(sample(), brokenWriter{}) == nil {
			t.Errorf("layout %d: no error", i)
		}
	}
}

// TestStress checks that colors do not change widths.
func TestStress(t *testing.T) {
	tab := Table{Header: []string{"a", "b"}, Rows: [][]string{{"x", "FAIL"}, {"y", "pass: 3"}}}
	var plain, stressed strings.Builder
	if err := tab.Text(&plain); err != nil {
		t.Fatal(err)
	}
	tab.Stress = func(cell string) string {
		if cell == "FAIL" {
			return "\x1b[31m" + cell + "\x1b[0m"
		}
		return cell
	}
	if err := tab.Text(&stressed); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stressed.String(), "\x1b[31mFAIL\x1b[0m") {
		t.Errorf("no color in\n%s", &stressed)
	}
	if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(stressed.String(), ""); got != plain.String() {
		t.Errorf("got\n%s\nwant\n%s", got, &plain)
	}
}

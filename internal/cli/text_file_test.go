package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func TestEachMember(t *testing.T) {
	file := filepath.Join(t.TempDir(), "args.json")
	if err := os.WriteFile(file, []byte("\ufeff{\"a\": [1, 2],\n\"b\": \"c\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ value, want, err string }{
		{"", "", ""}, {`{}`, "", ""}, {`{"a": {"x": 1}, "b.c": null}`, `a={"x":1} b.c=null `, ""},
		{"@" + file, `a=[1,2] b="c" `, ""}, {"@" + file + "x", "", "--f: open "},
		{`[1]`, "", `--f is not a JSON object: "[1]"`}, {`{"a"}`, "", `--f is not a JSON object: "{\"a\"}"`},
	} {
		got := ""
		err := EachMember("--f", c.value, func(k, v gjson.Result) { got += k.Str + "=" + v.Raw + " " })
		if got != c.want || (err != nil) != (c.err != "") || err != nil && !strings.HasPrefix(err.Error(), c.err) {
			t.Errorf("%s: %q, %v; want %q, %q", c.value, got, err, c.want, c.err)
		}
	}
}

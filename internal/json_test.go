package internal

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// standardJSON lists the packages that import encoding/json, and why. All others use github.com/goccy/go-json, which is
// faster and otherwise the same, or internal/fastjson on the hot paths.
var standardJSON = map[string]string{
	"internal/chart":                  "escapes <, > and & as its documentation promises: the data stands within a script element",
	"internal/dataset":                "Decoder.Token reads the keys of an array's objects without decoding their values",
	"internal/jsonl":                  "go-json returns the error types of both",
	"internal/sim":                    "shares no decoder with the client that it is to judge",
	"internal/tokenizer/chattemplate": "Decoder.Token keeps the order of keys, which chat templates print",
}

func TestStandardJSON(t *testing.T) {
	const format = `{{range .Imports}}{{if eq . "encoding/json"}}{{$.ImportPath}}{{end}}{{end}}`
	out, err := exec.Command("go", "list", "-f", format, module+"internal/...", module+"cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for path := range strings.FieldsSeq(string(out)) {
		got = append(got, strings.TrimPrefix(path, module))
	}
	want := slices.Sorted(maps.Keys(standardJSON))
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("encoding/json is imported by %v, and the list has %v", got, want)
	}
}

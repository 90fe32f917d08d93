package cmd

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestRecordsFitTheSchema validates real records, successful and failed, against docs/record.schema.json.
func TestRecordsFitTheSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../docs/record.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	out, err := shell(t.TempDir(), `
		perf-gen --number 40 --max-tokens 4 --seed 1 |
			perf-send --rate 500 --warmup-num 5 --save-request --save-output --sim ttft=1ms,itl=1ms,error-rate=0.5 2>/dev/null
		perf-gen --number 2 --prompt hi | perf-send --url http://127.0.0.1:1 --model m --no-test-connection 2>/dev/null || true`)
	if err != nil {
		t.Fatal(err, out)
	}
	lines := bytes.Split(bytes.TrimSpace([]byte(out)), []byte("\n"))
	if len(lines) != 42 {
		t.Errorf("%d records", len(lines))
	}
	for _, line := range lines {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%v\n%s", err, line)
		}
	}
}

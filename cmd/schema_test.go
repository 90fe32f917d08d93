package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// fits validates JSON documents against a schema of docs, and returns their number.
func fits(t *testing.T, name string, docs []byte) (n int) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(bytes.NewReader(docs)); ; n++ {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err == io.EOF {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v\n%s", name, err, raw)
		}
	}
}

// TestRecordsFitTheSchema validates real records, successful and failed, against docs/record.schema.json.
func TestRecordsFitTheSchema(t *testing.T) {
	out, err := shell(t.TempDir(), `
		perf-gen --number 40 --max-tokens 4 --seed 1 |
			perf-send --rate 500 --warmup-num 5 --save-request --save-output --sim ttft=1ms,itl=1ms,error-rate=0.5 2>/dev/null
		perf-gen --number 2 --prompt hi | perf-send --url http://127.0.0.1:1 --model m --no-test-connection 2>/dev/null || true`)
	if err != nil {
		t.Fatal(err, out)
	}
	if n := fits(t, "record.schema.json", []byte(out)); n != 42 {
		t.Errorf("%d records", n)
	}
}

// TestFactsAndMetricsFitTheirSchemas validates the facts of a plain run, of a shard that fails, of a search and of a
// ladder of rates, and the metrics of a page that answers and one that does not.
func TestFactsAndMetricsFitTheirSchemas(t *testing.T) {
	dir := t.TempDir()
	out, err := shell(dir, fmt.Sprintf(`
		perf-gen --number 400 --prompt hi --max-tokens 4 >requests
		exec >/dev/null 2>&1
		send() { perf-send --sleep-interval 0 "$@" <requests; }
		send --url http://%s --rate 200 --number 40 --facts-out plain.json --metrics-out up.jsonl --metrics-interval 0.05
		send --parallel 2 --number 10 --metrics-out down.jsonl --server-metrics http://127.0.0.1:1/metrics
		send --url http://127.0.0.1:1 --model m --no-test-connection --parallel 2 --shard 0/2 --facts-out failed.json || true
		sim=per-token=0s,itl=0s
		send --sim ttft=1ms,$sim --number 20 --search parallel --search-max 2 --slo 'ttft_ms:p50<5000' --facts-out search.json
		send --sim ttft=20ms,slots=1,$sim --number 20 --profile knee --rate 50 --search-max 100 --facts-out knee.json
		test -s failed.json -a -s search.json -a -s knee.json
	`, serveSim(t)))
	if err != nil {
		t.Fatal(err, out)
	}
	for pattern, schema := range map[string]string{"*.json": "facts.schema.json", "*.jsonl": "metrics.schema.json"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Errorf("no %s: %v", pattern, err)
		}
		for _, file := range files {
			if n := fits(t, schema, []byte(read(t, file))); n == 0 {
				t.Errorf("%s is empty", filepath.Base(file))
			}
		}
	}
}

package facts

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"perfpipe/internal/mask"
)

func TestArguments(t *testing.T) {
	f := Facts{Command: []string{
		"perf-send", "--rate", "5", "10.5", "--url=http://h/v1", "--no-usage", "--http2", "--headers", "A=b",
		"--run-id", "2026x", "--shard=1/2", "--strict=false", "-n", "20", "-o", "records.jsonl",
	}}
	want := map[string]any{
		"rate": []any{int64(5), 10.5}, "url": "http://h/v1", "usage": false, "http2": true, "headers": "A=b",
		"run_id": "2026x", "shard": "1/2", "strict": false, "number": int64(20),
	}
	if got := f.Arguments(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := new(Facts).Arguments(); len(got) != 0 {
		t.Errorf("got %v of no command", got)
	}
}

func TestLabels(t *testing.T) {
	args := []string{
		"--max-tokens", "1", "2", "--api-key", "secret", "--stream", "--output", "f", "--prompt", strings.Repeat("x", 101),
		"--stop", strings.Repeat("y", 100),
	}
	absent := map[string]any{"max_tokens": 9, "output": []int{3, 4}, "dataset": "random"}
	want := map[string]string{
		"max_tokens": "1 2", "api_key": mask.Text, "stream": "true", "output": "3 4", "dataset": "random",
		"stop": strings.Repeat("y", 100),
	}
	if got := Labels(args, absent, "output"); !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

package servermetrics

import (
	"encoding/json"
	"strings"
	"testing"
)

const sampled = `{"at_us":1000000,"source":"a","server":"vllm","metrics":{"running":0,"waiting":0,"kv_cache":0,"prompt_tokens":100,"completion_tokens":10,"prefix_queries":100,"prefix_hits":50,"drafts":0,"draft_tokens":0,"accepted_tokens":0,"preemptions":1}}
{"at_us":2000000,"source":"a","server":"vllm","metrics":{"running":2,"waiting":1,"kv_cache":0.5,"prompt_tokens":150,"completion_tokens":20,"prefix_queries":150,"prefix_hits":60,"drafts":5,"draft_tokens":15,"accepted_tokens":5,"preemptions":1}}
{"at_us":2500000,"source":"nvidia-smi","gpus":[{"index":1,"name":"H100","utilization":0.5,"memory_used_mib":100,"power_w":300}]}
{"at_us":2500000,"source":"nvidia-smi","gpus":[{"index":0,"name":"H100"}]}
{"at_us":3000000,"source":"a","server":"vllm","metrics":{"running":4,"waiting":0,"kv_cache":0.25,"prompt_tokens":200,"completion_tokens":40,"prefix_queries":200,"prefix_hits":70,"drafts":10,"draft_tokens":30,"accepted_tokens":10,"preemptions":3}}
{"at_us":3500000,"source":"a","error":"refused"}
{"at_us":3500000,"source":"nvidia-smi","gpus":[{"index":1,"name":"H100","utilization":1,"memory_used_mib":300,"power_w":500}]}
{"at_us":5000000,"source":"a","server":"vllm","metrics":{"running":0,"waiting":0,"kv_cache":0,"prompt_tokens":300,"completion_tokens":50,"prefix_queries":300,"prefix_hits":90,"drafts":10,"draft_tokens":30,"accepted_tokens":10,"preemptions":3}}
`

func TestOver(t *testing.T) {
	samples, err := Read(strings.NewReader(sampled), "m.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to int64
		want     string
	}{
		// Gauges of the two samples within; totals from 1 s to 5 s, which are around them.
		{1500000, 3600000, `{"server":"vllm","samples":2,"running":{"mean":3,"max":4},"waiting":{"mean":0.5,"max":1},"kv_cache":{"mean":0.375,"max":0.5},` +
			`"prompt_tokens_per_s":50,"output_tokens_per_s":10,"prefix_hit":0.2,"preemptions":2,"acceptance":0.3333333333333333,"acceptance_length":2,` +
			`"gpus":[{"index":0,"name":"H100"},{"index":1,"name":"H100","utilization":{"mean":0.75,"max":1},"memory_mib":{"mean":200,"max":300},"power_w":{"mean":400,"max":500}}]}`},
		{1000000, 1000000, `{"server":"vllm","samples":1,"running":{"mean":0,"max":0},"waiting":{"mean":0,"max":0},"kv_cache":{"mean":0,"max":0},` +
			`"prompt_tokens_per_s":50,"output_tokens_per_s":10,"prefix_hit":0.2,"preemptions":0,"acceptance":0.3333333333333333,"acceptance_length":2}`},
		// None within, but one on each side.
		{3600000, 3700000, `{"server":"vllm","samples":0,"prompt_tokens_per_s":50,"output_tokens_per_s":5,"prefix_hit":0.2,"preemptions":0}`},
		{6000000, 7000000, `null`},
		{1, 2, `null`},
	} {
		got, err := json.Marshal(Summarize(samples, c.from, c.to))
		if err != nil || string(got) != c.want {
			t.Errorf("%d to %d: %v\n got %s\nwant %s", c.from, c.to, err, got, c.want)
		}
	}
	if _, err := Read(strings.NewReader("{}\n{"), "m.jsonl"); err == nil || !strings.HasPrefix(err.Error(), "m.jsonl:2: ") {
		t.Errorf("%v", err)
	}
}

func TestOverSeveralServers(t *testing.T) {
	samples, err := Read(strings.NewReader(`{"at_us":1,"source":"a","server":"sglang","metrics":{"running":2,"kv_cache":0.5,"completion_tokens":0,"prefix_hit_rate":0.5,"accept_length":2.5}}
{"at_us":1,"source":"b","server":"sglang","metrics":{"running":3,"kv_cache":0.25,"completion_tokens":0}}
{"at_us":1000001,"source":"a","server":"sglang","metrics":{"running":2,"kv_cache":0.5,"completion_tokens":10}}
{"at_us":1000001,"source":"b","server":"sglang","metrics":{"running":3,"kv_cache":0.25,"completion_tokens":20}}`), "m.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(Summarize(samples, 0, 2000000))
	want := `{"server":"sglang","samples":4,"running":{"mean":5,"max":5},"kv_cache":{"mean":0.5,"max":0.5},"output_tokens_per_s":30,"prefix_hit":0.5,"acceptance_length":2.5}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

package dataset

import (
	"strings"
	"testing"

	"perfpipe/internal/dataset/body"
)

// Texts to embed and documents to rank are sent to an operation that does so, under every --api that has one, and to no
// other.
func TestOps(t *testing.T) {
	const input, batch, query, score = `"input":"`, `"input":["`, `"query":"`, `"text_1":"`
	for _, c := range []struct{ dataset, api, want string }{
		{"random_embedding", "", input},
		{"random_embedding", "embedding", input},
		{"random_embedding", "ollama", input},
		{"random_embedding", "local_vllm", input},
		{"random_embedding_batch", "ollama", batch},
		{"random_embedding_batch", "openai_embedding", batch},
		{"random_embedding", "openai", "api: openai has no operation embedding; there are openai_embedding, ollama"},
		{"random_embedding", "rerank", "api: rerank has no operation embedding"},
		{"random_embedding_batch", "anthropic", "api: anthropic has no operation embedding"},
		{"random_embedding_batch", "tgi", "api: tgi has no operation embedding"},
		{"random_embedding", "sglang", "api: sglang has no operation embedding"},
		{"random_rerank", "", query},
		{"random_rerank", "dashscope", query},
		{"random_rerank", "score", score},
		{"random_rerank", "local", query},
		{"random_rerank", "ollama", "api: ollama has no operation rerank; there are openai_rerank, score, dashscope"},
		{"random_rerank", "openai", "api: openai has no operation rerank"},
	} {
		o := &Options{Number: 1, Seed: 1, MaxPrompt: ptr(4), Tell: func(_, _, _ string, _ ...any) {}}
		got := ""
		source, err := Open(t.Context(), c.dataset, o, &body.Shape{API: c.api, MaxTokens: []int{1}})
		if err == nil {
			for r, e := range source {
				if err = e; err == nil {
					got = string(r.Body)
				}
			}
		}
		if err != nil {
			got = shown(err)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s, --api %s: %s, want %s", c.dataset, c.api, got, c.want)
		}
	}
}

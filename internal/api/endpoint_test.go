package api

import (
	"net/url"
	"testing"
)

func TestEndpoint(t *testing.T) {
	for _, c := range []struct {
		d          Dialect
		base, want string
	}{
		{chat, "http://h:8000", "http://h:8000/v1/chat/completions"},
		{chat, "http://h:8000/", "http://h:8000/v1/chat/completions"},
		{chat, "http://h/v1", "http://h/v1/chat/completions"},
		{chat, "http://h/v1/chat/completions", "http://h/v1/chat/completions"},
		{chat, "http://h/compatible-mode/v1/?a=b", "http://h/compatible-mode/v1/chat/completions?a=b"},
		{chat, "http://h/proxy", "http://h/proxy/chat/completions"},
		{completion, "http://h/v1/chat/completions", "http://h/v1/chat/completions"}, // it stands; the body does not fit
		{embedding, "http://h/v1/chat/completions", "http://h/v1/embeddings"},
		{responses, "http://h/x/v1/chat/completions", "http://h/x/v1/responses"},
		{rerank, "http://h/compatible-api/v1/reranks", "http://h/compatible-api/v1/reranks"},
		{rerank, "http://h", "http://h/v1/rerank"},
		{rerank, "http://h/v2/rerank", "http://h/v2/rerank"},
		{score, "http://h", "http://h/score"},
		{anthropic, "https://api.anthropic.com", "https://api.anthropic.com/v1/messages"},
		{ollamaChat, "http://h:11434/api", "http://h:11434/api/chat"},
		{ollamaGenerate, "http://h:11434", "http://h:11434/api/generate"},
		{ollamaEmbed, "http://h:11434/v1/embeddings", "http://h:11434/api/embed"},
		{dashscope, "https://dashscope.aliyuncs.com",
			"https://dashscope.aliyuncs.com/api/v1/services/aigc/text-generation/generation"},
		{dashscope, "https://dashscope.aliyuncs.com/api/v1",
			"https://dashscope.aliyuncs.com/api/v1/services/aigc/text-generation/generation"},
		{tgi.For("", true), "http://h", "http://h/generate_stream"},
		{tgi.For("", false), "http://h", "http://h/generate"},
		{tgi, "http://h/generate_stream", "http://h/generate_stream"},
		{triton.For("my/model", true), "http://h", "http://h/v2/models/my%2Fmodel/generate_stream"},
		{triton.For("m", false), "http://h/v2", "http://h/v2/models/m/generate"},
		{triton, "http://h/v2/models/m/generate", "http://h/v2/models/m/generate"},
		{triton.For("given", true), "http://h/v2/models/m/generate", "http://h/v2/models/m/generate"},
		{sglang, "http://h", "http://h/generate"},
		{completion, "http://h/v1/images/generations", "http://h/v1/images/generations"},
		{embedding, "http://h/v1/moderations", "http://h/v1/moderations"},
		{chat, "http://h/pooling", "http://h/pooling"},
		// Vertex AI
		{chat, "https://h/v1/projects/p/endpoints/openapi", "https://h/v1/projects/p/endpoints/openapi/chat/completions"},
	} {
		base, err := url.Parse(c.base)
		if err != nil {
			t.Fatal(err)
		}
		u, why := c.d.Rule(base)
		if u.String() != c.want || why == "" || c.d.Endpoint(base).String() != c.want {
			t.Errorf("%s %s on %s: %s (%s), want %s", c.d.Name, c.d.Op, c.base, u, why, c.want)
		}
	}
}

package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const conversation = `[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"what?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]`

var (
	aText     = Input{Text: `say "hi" <now>`}
	someChat  = Input{Messages: json.RawMessage(conversation)}
	someIDs   = Input{Tokens: []int{5, 6}}
	someTexts = Input{Texts: []string{"a", "b"}}
	documents = Input{Query: "q", Documents: []string{"d", "e"}}
	sampling  = []Param{
		{Key: "model", Value: json.RawMessage(`"m"`)}, {Key: "max_tokens", Value: json.RawMessage(`8`)},
		{Key: "temperature", Value: json.RawMessage(`0.0`)}, {Key: "stop", Value: json.RawMessage(`"x"`)},
		{Key: "ignore_eos", Value: json.RawMessage(`true`)}, {Key: "stream", Value: json.RawMessage(`true`)},
		{Key: "parameters", Value: json.RawMessage(`{"details":false,"k.1":[1]}`), Verbatim: true},
	}
)

func TestBuild(t *testing.T) {
	extra := `"parameters":{"details":false,"k.1":[1]}`
	openai := `"max_tokens":8,"temperature":0.0,"stop":"x","ignore_eos":true,"stream":true,` + extra + `}`
	for _, c := range []struct {
		api     string
		in      Input
		op      string
		want    string
		dropped string
	}{
		{"openai", someChat, "chat", `{"model":"m","messages":` + conversation + `,` + openai, ""},
		{"local_vllm", someChat, "chat", `{"model":"m","messages":` + conversation + `,` + openai, ""},
		{"openai", aText, "completion", `{"model":"m","prompt":"say \"hi\" <now>",` + openai, ""},
		{"", someIDs, "completion", `{"model":"m","prompt":[5,6],` + openai, ""},
		{"responses", aText, "responses",
			`{"model":"m","input":"say \"hi\" <now>","max_output_tokens":8,"temperature":0.0,"stream":true,` + extra + `}`,
			"stop ignore_eos"},
		{"openai_responses", someChat, "responses",
			`{"model":"m","input":[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"input_text","text":"what?"},{"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"auto"}]}],"max_output_tokens":8,"temperature":0.0,"stream":true,` + extra + `}`, "stop ignore_eos"},
		{"openai_embedding", someTexts, "embedding", `{"model":"m","input":["a","b"],` + extra + `}`,
			"max_tokens temperature stop ignore_eos stream"},
		{"embedding", aText, "embedding", `{"model":"m","input":"say \"hi\" <now>",` + extra + `}`,
			"max_tokens temperature stop ignore_eos stream"},
		{"", documents, "rerank", `{"model":"m","query":"q","documents":["d","e"],` + extra + `}`,
			"max_tokens temperature stop ignore_eos stream"},
		{"score", documents, "score", `{"model":"m","text_1":"q","text_2":["d","e"],` + extra + `}`,
			"max_tokens temperature stop ignore_eos stream"},
		{"anthropic", someChat, "chat",
			`{"model":"m","system":"be brief","messages":[{"role":"user","content":[{"type":"text","text":"what?"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}],"max_tokens":8,"temperature":0.0,"stop_sequences":["x"],"stream":true,` + extra + `}`, "ignore_eos"},
		{"tgi", aText, "generate",
			`{"inputs":"say \"hi\" <now>","parameters":{"details":false,"max_new_tokens":8,"do_sample":false,"stop":["x"],"k.1":[1]},"stream":true}`, "model ignore_eos"},
		{"ollama", someChat, "chat",
			`{"model":"m","messages":[{"content":"be brief","role":"system"},{"content":"what?","images":["AAAA"],"role":"user"}],"options":{"num_predict":8,"temperature":0.0,"stop":["x"]},"stream":true,` + extra + `}`, "ignore_eos"},
		{"ollama", aText, "generate",
			`{"model":"m","prompt":"say \"hi\" <now>","options":{"num_predict":8,"temperature":0.0,"stop":["x"]},"stream":true,` + extra + `}`, "ignore_eos"},
		{"ollama", someTexts, "embedding", `{"model":"m","input":["a","b"],` + extra + `}`,
			"max_tokens temperature stop ignore_eos stream"},
		{"dashscope", aText, "chat",
			`{"model":"m","input":{"messages":[{"role":"user","content":"say \"hi\" <now>"}]},"parameters":{"result_format":"message","max_tokens":8,"temperature":0.0,"stop":"x","incremental_output":true,"details":false,"k.1":[1]}}`, "ignore_eos"},
		{"dashscope", documents, "rerank", `{"model":"m","input":{"query":"q","documents":["d","e"]},` + extra + `}`,
			"max_tokens temperature stop ignore_eos stream"},
		{"triton", aText, "generate",
			`{"text_input":"say \"hi\" <now>","max_tokens":8,"temperature":0.0,"stop_words":["x"],"stream":true,` + extra + `}`,
			"model ignore_eos"},
		{"sglang", someIDs, "generate",
			`{"input_ids":[5,6],"sampling_params":{"max_new_tokens":8,"temperature":0.0,"stop":"x","ignore_eos":true},"stream":true,` + extra + `}`, "model"},
	} {
		d, ok := ForInput(c.api, c.in)
		if !ok || d.Op != c.op {
			t.Errorf("--api %s for %s: %q, %v", c.api, c.in.kind(), d.Op, ok)
			continue
		}
		body, dropped, err := d.Build(c.in, sampling)
		if err != nil || string(body) != c.want || strings.Join(dropped, " ") != c.dropped {
			t.Errorf("--api %s for %s: %v, dropped %s\n got %s\nwant %s", c.api, c.in.kind(), err, dropped, body, c.want)
		}
		// What is built is known for what it is, and the other way around.
		if got, _, ok := Select(c.api, "", body); !ok || got.Name != d.Name || got.Op != d.Op {
			t.Errorf("--api %s: the body is taken for one of %s %s: %s", c.api, got.Name, got.Op, body)
		}
		if want := strings.Contains(c.want, "true,"+extra) || c.api == "tgi" || c.api == "dashscope" &&
			c.op == "chat"; d.Streams(body) != want && d.Op != "embedding" {
			t.Errorf("--api %s %s: streams %v", c.api, c.op, d.Streams(body))
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for _, c := range []struct {
		d    Dialect
		in   Input
		want string
	}{
		{tgi, someChat, "tgi generate takes no messages"},
		{chat, someIDs, "openai chat takes no token ids"},
		{rerank, aText, "openai_rerank rerank takes no text"},
		{anthropic, Input{Messages: json.RawMessage(`{}`)}, "anthropic chat: messages is not a list of messages"},
		{anthropic, Input{Messages: json.RawMessage(`[{"role":"tool","content":"x"}]`)},
			"anthropic chat: messages[0]: tool calls are not translated"},
		{responses, Input{Messages: json.RawMessage(`[{"role":"user","content":[{"type":"video_url"}]}]`)},
			`openai_responses responses: messages[0].content[0] is of type "video_url", and only text and image_url are translated`},
		{ollamaChat, Input{Messages: json.RawMessage(`[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x"}}]}]`)},
			"ollama chat: messages[0]: Ollama takes images as data, not by URL"},
	} {
		if _, _, err := c.d.Build(c.in, nil); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if _, _, err := chat.Build(aText, []Param{{Key: "seed", Value: json.RawMessage(`{`)}}); err == nil {
		t.Error("a value that is not JSON is put into a body")
	}
	if d, ok := ForInput("anthropic", someIDs); ok {
		t.Errorf("anthropic takes token ids as %s", d.Op)
	}
}

func TestSet(t *testing.T) {
	body := json.RawMessage(`{"z": 1, "model":"captured","temperature":0.5}`)
	params := []Param{{Key: "temperature", Value: json.RawMessage("1")}, {Key: "seed", Value: json.RawMessage("3")}}
	for _, c := range []struct {
		override bool
		want     string
	}{
		{false, `{"z": 1, "model":"captured","temperature":0.5,"seed":3}`},
		{true, `{"z": 1, "model":"captured","temperature":1,"seed":3}`},
	} {
		if got, _, err := chat.Set(body, params, c.override); err != nil || string(got) != c.want {
			t.Errorf("override %v: %s, %v", c.override, got, err)
		}
	}
	if string(body) != `{"z": 1, "model":"captured","temperature":0.5}` {
		t.Errorf("the caller's body is changed: %s", body)
	}
	logit := []Param{{Key: "logit_bias", Value: json.RawMessage(`{"50256":-100}`), Verbatim: true}}
	if got, _, err := chat.Set(json.RawMessage(`{"logit_bias":{"1":2}}`), logit, true); err != nil ||
		string(got) != `{"logit_bias":{"1":2,"50256":-100}}` {
		t.Errorf("merged: %s, %v", got, err)
	}
}

func TestItems(t *testing.T) {
	for body, want := range map[string]int{
		`{"input":"a"}`: 1, `{"input":["a","b"]}`: 2, `{"input":[1,2,3]}`: 1, `{"input":[[1],[2]]}`: 2, `{}`: 0,
	} {
		if got, _ := embedding.Items([]byte(body)); got != want {
			t.Errorf("%s has %d items", body, got)
		}
	}
	for body, want := range map[string]int{
		`{"query":"q","documents":["a","b"]}`: 2, `{"query":"q","texts":["a"]}`: 1,
		`{"input":{"query":"q","documents":["a","b","c"]}}`: 3,
	} {
		if got, _ := rerank.Items([]byte(body)); got != want {
			t.Errorf("%s has %d items", body, got)
		}
	}
	if got, _ := score.Items([]byte(`{"text_1":"q","text_2":["a","b"]}`)); got != 2 {
		t.Errorf("score: %d items", got)
	}
	if got, _ := chat.Items([]byte(conversation)); got != 0 {
		t.Errorf("chat: %d items", got)
	}
}

func TestSelect(t *testing.T) {
	for _, c := range []struct {
		api, path, body string
		want            string
		ok              bool
	}{
		{"", "/v1/chat/completions", `{"messages":[]}`, "openai chat", true},
		{"openai", "/v1/chat/completions", `{"prompt":"x"}`, "openai chat", false}, // a body that does not fit the endpoint
		{"", "", `{"prompt":"x"}`, "openai completion", true},
		{"anthropic", "", `{"messages":[]}`, "anthropic chat", true},
		{"", "/v1/messages", `{"messages":[]}`, "anthropic chat", true},
		{"ollama", "/api/chat", `{"messages":[]}`, "ollama chat", true},
		{"", "/api/generate", `{"prompt":"x"}`, "ollama generate", true},
		{"", "/generate", `{"inputs":"x"}`, "tgi generate", true},
		{"", "/generate", `{"text":"x"}`, "sglang generate", true},
		{"", "/generate_stream", `{"inputs":"x"}`, "tgi generate", true},
		{"", "/v2/models/a/generate_stream", `{"text_input":"x"}`, "triton generate", true},
		{"", "", `{"query":"x","documents":[]}`, "openai_rerank rerank", true},
		{"rerank", "/compatible-api/v1/reranks", `{"query":"x","documents":[]}`, "openai_rerank rerank", true},
		{"", "", `{"input":"x"}`, "openai_embedding embedding", true},
		{"", "", `{"input":[{"role":"user","content":"x"}]}`, "openai_responses responses", true},
		{"responses", "", `{"input":"x"}`, "openai_responses responses", true},
		{"", "", `{"input":{"messages":[]}}`, "dashscope chat", true},
		{"", "", `{"input":{"documents":[]}}`, "dashscope rerank", true},
		{"local", "", `{"query":"x","documents":[]}`, "openai_rerank rerank", true},
		{"", "", `{"text_1":"x","text_2":[]}`, "score score", true},
		{"", "", `{"foo":1}`, " ", false},
		{"score", "", `{"foo":1}`, "score score", false},
	} {
		if d, _, ok := Select(c.api, c.path, []byte(c.body)); d.Name+" "+d.Op != c.want || ok != c.ok {
			t.Errorf("--api %q, %q, %s: %s %s, %v", c.api, c.path, c.body, d.Name, d.Op, ok)
		}
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{
		"openai", "openai_embedding", "openai_rerank", "openai_responses", "dashscope", "local", "local_vllm",
		"openai_response", "responses", "embedding", "rerank",
	} {
		if !slices.Contains(Names(), name) {
			t.Errorf("evalscope's %s is not known", name)
		}
	}
	if slices.Contains(Names(), "nonsense") || slices.Contains(Names(), "") {
		t.Error("nonsense is known")
	}
	if d, _, ok := Select("", "", []byte(`{"messages":[]}`)); !ok || d.Op != "chat" ||
		!reflect.DeepEqual(d.Headers, map[string]string(nil)) {
		t.Errorf("messages are taken for %s %s", d.Name, d.Op)
	}
}

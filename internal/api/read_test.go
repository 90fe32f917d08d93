package api

import (
	"reflect"
	"strings"
	"testing"
)

// answer is what all the events of a reply come to.
type answer struct {
	content, reasoning, tool, finish, model, err string
	first                                        int    // the event with the first output, from 0; -1 is none
	usage                                        *Usage // the last one
	items                                        int
	done                                         bool
}

// replies are in the shapes that the servers document; a line is an event, and one line alone may be a whole reply.
var replies = []struct {
	name, api, path string
	events          string
	want            answer
}{
	{"chat stream: role and empty chunks are not output, usage in a chunk of its own", "openai", "/v1/chat/completions", `
{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}
{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]}
{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}
{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}
{"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}
{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":4}}}
[DONE]`, answer{content: "Hello", finish: "stop", model: "m", first: 2, usage: usage(9, 2, 4, 0), done: true}},
	{"chat stream: reasoning_content, then content; usage with the last choice (transformers)", "openai", "/v1/chat/completions", `
{"model":"m","choices":[{"delta":{"role":"assistant"}}],"usage":null}
{"model":"m","choices":[{"delta":{"reasoning_content":"hm"}}]}
{"model":"m","choices":[{"delta":{"content":"4"}}]}
{"model":"m","choices":[{"delta":{},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":1}}}`,
		answer{content: "4", reasoning: "hm", finish: "length", model: "m", first: 1, usage: usage(3, 2, 0, 1)}},
	{"chat stream: reasoning, and its double in reasoning_details once", "openai", "/v1/chat/completions",
		`{"choices":[{"delta":{"content":"","reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a"}]}}]}
{"choices":[{"delta":{"reasoning_details":[{"text":"b"},{"summary":"c"}]}}]}`,
		answer{reasoning: "abc", first: 0}},
	{"chat stream: tool calls, usage in every chunk, Moonshot's place for it", "openai", "/v1/chat/completions",
		`{"choices":[{"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"x","type":"function","function":{"name":"f","arguments":""}}]}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}
{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}}],"usage":{"prompt_tokens":5,"completion_tokens":2}}
{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]},"finish_reason":"tool_calls","usage":{"prompt_tokens":5,"completion_tokens":3}}]}`,
		answer{tool: `f{"a":1}`, finish: "tool_calls", first: 0, usage: usage(5, 3, 0, 0)}},
	{"chat stream: a refusal, two choices, content in parts, the old function call", "openai", "/v1/chat/completions",
		`{"choices":[{"index":0,"delta":{"refusal":"no"}},{"index":1,"delta":{"content":[{"type":"text","text":" yes"}]}}]}
{"choices":[{"index":1,"delta":{"function_call":{"name":"g","arguments":"{}"}}}]}`,
		answer{content: "no yes", tool: "g{}", first: 0}},
	{"chat stream: an error inside", "openai", "/v1/chat/completions",
		`{"choices":[{"delta":{"content":"a"}}]}
{"error":{"message":"the engine died","type":"InternalServerError","code":500}}`, answer{content: "a", first: 0, err: "the engine died"}},
	{"chat, vLLM's old error object", "openai", "/v1/chat/completions",
		`{"object":"error","message":"too long","type":"BadRequestError","param":null,"code":400}`, answer{first: -1,
			err: "too long"}},
	{"chat, whole", "openai", "/v1/chat/completions",
		`{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi","tool_calls":[]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`,
		answer{content: "hi", finish: "stop", model: "m", first: 0, usage: usage(1, 1, 0, 0)}},
	{"completion stream", "openai", "/v1/completions",
		`{"object":"text_completion","model":"m","choices":[{"index":0,"text":"","finish_reason":null}]}
{"object":"text_completion","model":"m","choices":[{"index":0,"text":" x","finish_reason":"length"}]}
[DONE]`, answer{content: " x", finish: "length", model: "m", first: 1, done: true}},

	{"responses stream", "responses", "/v1/responses", `
{"type":"response.created","response":{"object":"response","model":"m","status":"in_progress","output":[]}}
{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"r"}}
{"type":"response.reasoning_summary_text.delta","delta":"think"}
{"type":"response.output_item.added","output_index":1,"item":{"type":"message","role":"assistant","content":[]}}
{"type":"response.output_text.delta","output_index":1,"delta":"Hi"}
{"type":"response.output_text.done","output_index":1,"text":"Hi"}
{"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","call_id":"k","name":"f","arguments":""}}
{"type":"response.function_call_arguments.delta","output_index":2,"delta":"{}"}
{"type":"response.completed","response":{"object":"response","model":"m","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}],"usage":{"input_tokens":7,"output_tokens":9,"input_tokens_details":{"cached_tokens":2},"output_tokens_details":{"reasoning_tokens":3}}}}`,
		answer{content: "Hi", reasoning: "think", tool: "f{}", finish: "completed", model: "m", first: 2, usage: usage(7, 9,
			2, 3), done: true}},
	{"responses stream: cut at the limit, after a refusal", "responses", "/v1/responses",
		`{"type":"response.refusal.delta","delta":"no"}
{"type":"response.incomplete","response":{"object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"usage":{"input_tokens":1,"output_tokens":1}}}`,
		answer{content: "no", finish: "max_output_tokens", first: 0, usage: usage(1, 1, 0, 0), done: true}},
	{"responses stream: failed", "responses", "/v1/responses",
		`{"type":"response.failed","response":{"object":"response","status":"failed","error":{"code":"server_error","message":"it broke"}}}`,
		answer{finish: "failed", first: -1, err: "it broke", done: true}},
	{"responses stream: error", "responses", "/v1/responses",
		`{"type":"error","code":"x","message":"it broke","param":null}`,
		answer{first: -1, err: "it broke", done: true}},
	{"responses, whole", "responses", "/v1/responses",
		`{"object":"response","model":"m","status":"completed","error":null,"output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"t"}]},{"type":"message","content":[{"type":"output_text","text":"a"},{"type":"refusal","refusal":"b"}]},{"type":"function_call","call_id":"k","name":"f","arguments":"{}"}],"usage":{"input_tokens":2,"output_tokens":3}}`,
		answer{content: "ab", reasoning: "t", tool: "f{}", finish: "completed", model: "m", first: 0, usage: usage(2, 3, 0,
			0)}},
	{"responses, an error", "responses", "/v1/responses", `{"error":{"message":"no such model","type":"x"}}`,
		answer{first: -1, err: "no such model"}},

	{"embeddings in numbers", "openai_embedding", "/v1/embeddings",
		`{"object":"list","model":"e","data":[{"object":"embedding","index":0,"embedding":[0.1,-2e-3]},{"object":"embedding","index":1,"embedding":[1,2]}],"usage":{"prompt_tokens":8,"total_tokens":8}}`,
		answer{items: 2, model: "e", first: 0, usage: usage(8, 0, 0, 0)}},
	{"embeddings in base64, total tokens alone", "openai_embedding", "/v1/embeddings",
		`{"object":"list","model":"e","data":[{"embedding":"AACAPwAAAEA="}],"usage":{"total_tokens":5}}`,
		answer{items: 1, model: "e", first: 0, usage: usage(5, 0, 0, 0)}},
	{"embeddings, an error", "openai_embedding", "/v1/embeddings", `{"error":{"message":"input is too long"}}`,
		answer{first: -1, err: "input is too long"}},

	{"rerank, Jina and DashScope's compatible mode", "openai_rerank", "/v1/rerank",
		`{"model":"j","object":"list","usage":{"total_tokens":815},"results":[{"index":0,"relevance_score":0.9,"document":{"text":"a"}},{"index":1,"relevance_score":0.1}]}`,
		answer{items: 2, model: "j", first: 0, usage: usage(815, 0, 0, 0)}},
	{"rerank, Cohere", "rerank", "/v2/rerank",
		`{"id":"r","results":[{"index":3,"relevance_score":0.99}],"meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1},"tokens":{"input_tokens":42,"output_tokens":0}}}`,
		answer{items: 1, first: 0, usage: usage(42, 0, 0, 0)}},
	{"rerank, vLLM", "rerank", "/rerank",
		`{"id":"rerank-1","model":"b","usage":{"prompt_tokens":30,"total_tokens":30},"results":[{"index":0,"document":{"text":"x","multi_modal":null},"relevance_score":0.5}]}`,
		answer{items: 1, model: "b", first: 0, usage: usage(30, 0, 0, 0)}},
	{"rerank, SGLang and TEI", "rerank", "/rerank",
		`[{"score":0.8,"document":"d","index":1},{"score":0.1,"document":"e","index":0}]`,
		answer{items: 2, first: 0}},
	{"rerank, DashScope's own", "dashscope", "/api/v1/services/rerank/text-rerank/text-rerank",
		`{"output":{"results":[{"index":0,"relevance_score":0.9},{"index":2,"relevance_score":0.3}]},"usage":{"total_tokens":79},"request_id":"x"}`,
		answer{items: 2, first: 0, usage: usage(79, 0, 0, 0)}},
	{"rerank, an error of Cohere", "rerank", "/v2/rerank", `{"id":"x","message":"invalid api token"}`, answer{first: -1,
		err: "invalid api token"}},
	{"score", "score", "/score",
		`{"id":"score-1","object":"list","model":"b","data":[{"index":0,"object":"score","score":1.0},{"index":1,"object":"score","score":0.2}],"usage":{"prompt_tokens":17,"total_tokens":17}}`,
		answer{items: 2, model: "b", first: 0, usage: usage(17, 0, 0, 0)}},

	{"anthropic stream", "anthropic", "/v1/messages", `
{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":2,"output_tokens":1}}}
{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
{"type":"ping"}
{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"mm"}}
{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"abc"}}
{"type":"content_block_stop","index":0}
{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}
{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hello"}}
{"type":"content_block_stop","index":1}
{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}
{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}
{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}
{"type":"message_stop"}`,
		answer{content: "Hello", reasoning: "mm", tool: `f{"a":1}`, finish: "end_turn", model: "c", first: 3, usage: usage(17,
			15, 5, 0), done: true}},
	{"anthropic stream: an error", "anthropic", "/v1/messages",
		`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`,
		answer{first: -1, err: "Overloaded", done: true}},
	{"anthropic, whole", "anthropic", "/v1/messages",
		`{"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"Hi"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}],"stop_reason":"max_tokens","usage":{"input_tokens":3,"output_tokens":4}}`,
		answer{content: "Hi", tool: `f{"a":1}`, finish: "max_tokens", model: "c", first: 0, usage: usage(3, 4, 0, 0)}},

	{"tgi stream: the end-of-sequence token is not output, though a token", "tgi", "/generate_stream", `
{"index":1,"token":{"id":5,"text":" a","logprob":-0.1,"special":false},"generated_text":null,"details":null}
{"index":2,"token":{"id":6,"text":" b","logprob":-0.1,"special":false},"generated_text":null,"details":null}
{"index":3,"token":{"id":2,"text":"</s>","logprob":-0.1,"special":true},"generated_text":" a b","details":{"finish_reason":"eos_token","generated_tokens":3,"input_length":4,"seed":null}}`,
		answer{content: " a b", finish: "eos_token", first: 0, usage: usage(4, 3, 0, 0), done: true}},
	{"tgi stream: an error", "tgi", "/generate_stream",
		`{"error":"Request failed during generation: Server error","error_type":"generation"}`,
		answer{first: -1, err: "Request failed during generation: Server error"}},
	{"tgi, whole", "tgi", "/generate",
		`{"generated_text":"x","details":{"finish_reason":"length","generated_tokens":1,"prefill":[{"id":1,"text":"a"},{"id":2,"text":"b"}],"tokens":[]}}`,
		answer{content: "x", finish: "length", first: 0, usage: usage(2, 1, 0, 0)}},
	{"tgi, whole, of the route /", "tgi", "/generate", `[{"generated_text":"x"}]`, answer{content: "x", first: 0}},

	{"ollama chat stream", "ollama", "/api/chat", `
{"model":"l","created_at":"t","message":{"role":"assistant","content":"","thinking":"hm"},"done":false}
{"model":"l","created_at":"t","message":{"role":"assistant","content":"The"},"done":false}
{"model":"l","created_at":"t","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":false}
{"model":"l","created_at":"t","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,"total_duration":1,"prompt_eval_count":26,"eval_count":290}`,
		answer{content: "The", reasoning: "hm", tool: `f{"a":1}`, finish: "stop", model: "l", first: 0, usage: usage(26, 290,
			0, 0), done: true}},
	{"ollama generate stream", "ollama", "/api/generate", `
{"model":"l","response":"The","done":false}
{"model":"l","response":"","done":true,"done_reason":"length","context":[1,2],"prompt_eval_count":2,"eval_count":1}`,
		answer{content: "The", finish: "length", model: "l", first: 0, usage: usage(2, 1, 0, 0), done: true}},
	{"ollama embed", "ollama", "/api/embed", `{"model":"l","embeddings":[[0.1],[0.2]],"prompt_eval_count":8}`,
		answer{items: 2, model: "l", first: 0, usage: usage(8, 0, 0, 0)}},
	{"ollama, an error", "ollama", "/api/chat", `{"error":"model 'x' not found"}`, answer{first: -1,
		err: "model 'x' not found"}},

	{"together stream", "openai", "/v1/chat/completions", `
{"choices":[{"index":0,"text":"blue","delta":{"role":"assistant","content":"blue"}}]}
{"choices":[{"index":0,"text":" sky","finish_reason":"stop","delta":{"role":"assistant","content":" sky"}}]}`,
		answer{content: "blue sky", first: 0, finish: "stop"}},
	{"dashscope stream", "dashscope", "/api/v1/services/aigc/text-generation/generation", `
{"output":{"choices":[{"message":{"content":"","reasoning_content":"hm","role":"assistant"},"finish_reason":"null"}]},"usage":{"total_tokens":5,"input_tokens":4,"output_tokens":1},"request_id":"r"}
{"output":{"choices":[{"message":{"content":"ok","role":"assistant"},"finish_reason":"null"}]},"usage":{"total_tokens":6,"input_tokens":4,"output_tokens":2},"request_id":"r"}
{"output":{"choices":[{"message":{"content":"","role":"assistant"},"finish_reason":"stop"}]},"usage":{"total_tokens":6,"input_tokens":4,"output_tokens":2,"prompt_tokens_details":{"cached_tokens":3},"output_tokens_details":{"reasoning_tokens":1}},"request_id":"r"}`,
		answer{content: "ok", reasoning: "hm", finish: "stop", first: 0, usage: usage(4, 2, 3, 1)}},
	{"dashscope, a text", "dashscope", "/api/v1/services/aigc/text-generation/generation",
		`{"output":{"text":"ok","finish_reason":"length"},"usage":{"input_tokens":4,"output_tokens":2}}`,
		answer{content: "ok", finish: "length", first: 0, usage: usage(4, 2, 0, 0)}},
	{"dashscope, an error", "dashscope", "/api/v1/services/aigc/text-generation/generation",
		`{"code":"InvalidApiKey","message":"Invalid API-key provided.","request_id":"r"}`, answer{first: -1,
			err: "Invalid API-key provided."}},

	{"triton stream", "triton", "/v2/models/m/generate_stream", `
{"model_name":"ensemble","model_version":"1","sequence_end":false,"sequence_id":0,"text_output":"a"}
{"model_name":"ensemble","model_version":"1","text_output":["b"]}`, answer{content: "ab", model: "ensemble", first: 0}},
	{"triton, an error", "triton", "/v2/models/m/generate_stream",
		`{"error":"Request for unknown model: 'm' is not found"}`,
		answer{first: -1, err: "Request for unknown model: 'm' is not found"}},

	{"sglang stream: texts that grow", "sglang", "/generate", `
{"text":"","meta_info":{"id":"x","finish_reason":null,"prompt_tokens":7,"completion_tokens":0,"cached_tokens":2}}
{"text":" a","meta_info":{"id":"x","finish_reason":null,"prompt_tokens":7,"completion_tokens":1,"cached_tokens":2}}
{"text":" a b","meta_info":{"id":"x","finish_reason":{"type":"length","length":2},"prompt_tokens":7,"completion_tokens":2,"cached_tokens":2}}
[DONE]`, answer{content: " a b", finish: "length", first: 1, usage: usage(7, 2, 2, 0), done: true}},
	{"sglang stream: texts that do not", "sglang", "/generate", `
{"text":" a","meta_info":{"finish_reason":null,"prompt_tokens":7,"completion_tokens":1}}
{"text":" b","meta_info":{"finish_reason":null,"prompt_tokens":7,"completion_tokens":2}}
{"text":" c","meta_info":{"finish_reason":"stop","prompt_tokens":7,"completion_tokens":3}}`,
		answer{content: " a b c", finish: "stop", first: 0, usage: usage(7, 3, 0, 0)}},
	{"sglang stream: two choices", "sglang", "/generate", `
{"index":0,"text":"a","meta_info":{"prompt_tokens":1,"completion_tokens":1}}
{"index":1,"text":"x","meta_info":{"prompt_tokens":1,"completion_tokens":1}}
{"index":0,"text":"ab","meta_info":{"prompt_tokens":1,"completion_tokens":2}}`,
		answer{content: "axb", first: 0, usage: usage(1, 3, 0, 0)}},
	{"sglang, two choices whole", "sglang", "/generate",
		`[{"text":"a","meta_info":{"prompt_tokens":1,"completion_tokens":1}},{"text":"bc","meta_info":{"prompt_tokens":1,"completion_tokens":2}}]`,
		answer{content: "abc", first: 0, usage: usage(1, 3, 0, 0)}},
	{"sglang, aborted", "sglang", "/generate",
		`{"text":"","meta_info":{"finish_reason":{"type":"abort","message":"too long","status_code":400},"prompt_tokens":1,"completion_tokens":0}}`,
		answer{first: -1, finish: "abort", err: "aborted: too long", usage: usage(1, 0, 0, 0)}},
	{"sglang, an error", "sglang", "/generate", `{"error":{"message":"The input is longer than the context"}}`,
		answer{first: -1, err: "The input is longer than the context"}},
	// Replies of rarer servers.
}

func usage(prompt, completion, cached, reasoning int) *Usage {
	return &Usage{Prompt: prompt, Completion: completion, Cached: cached, Reasoning: reasoning}
}

func TestReplies(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range replies {
		d, _, _ := Select(r.api, r.path, nil)
		if d.Name == "" {
			t.Errorf("%s: no dialect %s at %s", r.name, r.api, r.path)
			continue
		}
		seen[d.Name+d.Op] = true
		if got, err := collect(d.Reader(), r.events); err != nil || !reflect.DeepEqual(got, r.want) {
			t.Errorf("%s: %v\n got %+v %+v\nwant %+v %+v", r.name, err, got, got.usage, r.want, r.want.usage)
		}
	}
	for _, d := range dialects {
		if !seen[d.Name+d.Op] && d.Name+d.Op != "ollamaembedding" {
			t.Errorf("%s %s has no reply here", d.Name, d.Op)
		}
	}
}

// collect reads the events, a line each, and adds them up.
func collect(read func([]byte) (Event, error), events string) (answer, error) {
	a := answer{first: -1}
	for i, line := range strings.Split(strings.TrimSpace(events), "\n") {
		e, err := read([]byte(line))
		if err != nil {
			return a, err
		}
		if e.Output() && a.first < 0 {
			a.first = i
		}
		a.content += e.Content
		a.reasoning += e.Reasoning
		a.tool += e.Tool
		a.items += e.Items
		for to, from := range map[*string]string{&a.finish: e.Finish, &a.model: e.Model, &a.err: e.Err} {
			if from != "" {
				*to = from
			}
		}
		if u := e.Usage; u != nil {
			a.usage = usage(u.Prompt, u.Completion, u.Cached, u.Reasoning)
		}
		a.done = e.Done
	}
	return a, nil
}

func TestCalls(t *testing.T) {
	var got []Call
	for _, line := range []string{
		`{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":""}}]}}]}`,
		`{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}},{"index":1,"id":"y","function":{"name":"g"}}]}}]}`,
	} {
		e, err := chat.Read([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Calls...)
	}
	want := []Call{{0, "x", "f", ""}, {0, "", "", "{}"}, {1, "y", "g", ""}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestNotAnEmbedding(t *testing.T) {
	for _, v := range []string{`"AAAA"`, `"***="`, `""`, `[]`, `7`, `{}`, `null`, `[null,null]`, `[NaN]`, `[1,null]`,
		`[[]]`, `["1"]`} {
		if e, err := embedding.Read([]byte(`{"data":[{"embedding":` + v + `}]}`)); err != nil || e.Err == "" {
			t.Errorf("%s is taken for an embedding", v)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, r := range replies {
		for line := range strings.Lines(r.events) {
			f.Add([]byte(line))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, d := range dialects {
			read := d.Reader()
			for range 2 {
				if e, err := read(data); err != nil && !reflect.DeepEqual(e, Event{}) {
					t.Errorf("%s %s: an event with an error: %+v", d.Name, d.Op, e)
				}
			}
		}
		ErrorMessage(data)
	})
}

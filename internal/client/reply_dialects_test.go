package client

import (
	"fmt"
	"strings"
	"testing"
)

// Answers of other dialects as servers send them, an event per line, with the times of their chunks and their counts.
func TestDialectsVariants(t *testing.T) {
	const (
		begun = `{"type":"message_start","message":{"model":"c","usage":{"input_tokens":7,"output_tokens":1}}}` + "\n"
		ended = "\n" + `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}` +
			"\n" + `{"type":"message_stop"}`
		done = "\n" + `{"type":"response.completed","response":{"object":"response","status":"completed",` +
			`"error":null,"usage":{"input_tokens":7,"output_tokens":3}}}`
	)
	sglang := func(text string, tokens int, more string) string {
		return fmt.Sprintf(`{"text":%q,%s"meta_info":{"finish_reason":null,"prompt_tokens":7,"completion_tokens":%d}}`,
			text, more, tokens)
	}
	said := func(kind string) string {
		return fmt.Sprintf(`{"type":"response.%s","delta":"x","output_index":0}`, kind)
	}
	anthropic := func(delta string) string { return `{"type":"content_block_delta","index":0,"delta":` + delta + `}` }
	words := anthropic(`{"type":"text_delta","text":"a"}`) + "\n" + anthropic(`{"type":"text_delta","text":"b"}`)
	thinks := `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"",` +
		`"signature":""}}` + "\n"
	for _, c := range []struct{ name, path, events, want string }{
		{"Anthropic: thinking", "/v1/messages", begun + thinks + anthropic(`{"type":"thinking_delta","thinking":"t"}`) +
			"\n" +
			anthropic(`{"type":"signature_delta","signature":"Eq=="}`) + "\n" +
			`{"type":"content_block_stop","index":0}` + "\n" + words + ended,
			"100[60000 20000] n=3 tpot=40"},
		{"Anthropic: redacted thinking", "/v1/messages", begun +
			`{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"AA"}}` + "\n" +
			`{"type":"content_block_stop","index":0}` + "\n" + words + ended,
			"120[20000] n=3 hidden? redacted_reasoning"},
		{"Anthropic: thinking without its text", "/v1/messages", begun + thinks +
			anthropic(`{"type":"signature_delta","signature":"Eq=="}`) + "\n" +
			`{"type":"content_block_stop","index":0}` + "\n" + words + ended,
			"140[20000] n=3 hidden? redacted_reasoning"},
		{"Anthropic: a count that the end leaves out", "/v1/messages", begun + words + "\n" +
			`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":0}}` +
			"\n" + `{"type":"message_stop"}`, "80[20000] n=0"},
		{"Anthropic: the tokens of thinking apart", "/v1/messages", begun + words + "\n" +
			`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":22,` +
			`"output_tokens_details":{"thinking_tokens":20}}}` + "\n" + `{"type":"message_stop"}`,
			"80[20000] n=22 tpot=20 hidden=20"},
		{"Anthropic: citations are not output", "/v1/messages", begun + words + "\n" +
			anthropic(`{"type":"citations_delta","citation":{"cited_text":"x"}}`) + ended,
			"80[20000] n=3 tpot=10"},

		{"Responses: sound, and what is said in it", "/v1/responses", said("output_audio_transcript.delta") + "\n" +
			said("output_audio.delta") + "\n" + said("audio.delta") + done,
			"60[20000 20000] n=3 tpot=20"},
		{"Responses: code", "/v1/responses", said("code_interpreter_call_code.delta") + "\n" +
			said("code_interpreter_call.code.delta") + "\n" + said("mcp_call_arguments.delta") + done,
			"60[20000 20000] n=3 tpot=20"},
		{"Responses: a summary of reasoning", "/v1/responses", said("reasoning_summary_text.delta") + "\n" +
			said("output_text.delta") + done,
			"60[20000] n=3 hidden? reasoning_summary"},
		{"Responses: a kind that is not known", "/v1/responses", said("output_smell.delta") + "\n" +
			said("output_text.delta") + "\n" + said("output_text.delta") + done,
			"80[20000] n=3 tpot=10"},
		{"Responses: no kind that is known", "/v1/responses", said("output_smell.delta") + "\n" +
			said("output_smell.delta") + done, "60[20000] n=3 tpot=10"},
		{"Responses: the text at the end alone", "/v1/responses", `{"type":"response.output_text.done","text":"abc"}` +
			done, "60 n=3"},
		{"Responses: keep-alive, and an item in the place of its deltas", "/v1/responses", `{"type":"keepalive"}` +
			"\n" + said("output_text.delta") + "\n" +
			`{"type":"response.output_text.done","text":"x"}` + done, "80 n=3"},
		{"Responses: hidden reasoning", "/v1/responses", said("output_text.delta") + "\n" + said("output_text.delta") +
			"\n" +
			`{"type":"response.completed","response":{"object":"response","status":"completed",` +
			`"usage":{"input_tokens":7,"output_tokens":302,"output_tokens_details":{"reasoning_tokens":300},` +
			`"total_tokens":309}}}`,
			"60[20000] n=302 tpot=20 hidden=300"},
		{"Responses: cancelled", "/v1/responses", said("output_text.delta") + "\n" +
			`{"type":"response.cancelled","response":{"object":"response","status":"cancelled"}}`,
			"60 n=0 api: the answer ended with the reason cancelled"},
		{"Responses: an item in one piece", "/v1/responses",
			`{"type":"response.output_item.done","output_index":0,"item":{"type":"message",` +
				`"content":[{"type":"output_text","text":"ab"}]}}` + done,
			"60 n=3"},
		{"Responses: an item in one piece behind its deltas", "/v1/responses", said("output_text.delta") + "\n" +
			`{"type":"response.output_item.done","output_index":0,"item":{"type":"message",` +
			`"content":[{"type":"output_text","text":"x"}]}}` + done,
			"60 n=3"},
		{"Responses: all in the last event", "/v1/responses", `{"type":"response.created"}` + "\n" +
			`{"type":"response.completed","response":{"object":"response","status":"completed",` +
			`"output":[{"type":"message","content":[{"type":"output_text","text":"ab"}]}],"usage":null}}`,
			"80 n=0"},
		{"Responses: a server of chat", "/v1/responses", delta(`{"content":"a"}`) + "\n[DONE]",
			"0 n=0 api: the answer is one of chat/completions, not of responses"},
		{"chat: parts that are not in a list", "", delta(`{"content":{"type":"text","text":"a"}}`) + "\n" +
			delta(`{"audio":"AAAA"}`) + "\n" +
			delta(`{"tool_calls":{"index":0,"function":{"name":"f","arguments":"x"}}}`) + "\n" + stopped + "\n[DONE]",
			"60[20000 20000] n=0"},
		{"chat: a heartbeat in brackets", "", delta(`{"content":"a"}`) + "\n[heartbeat]\n" + delta(`{"content":"b"}`) +
			"\n" + stopped + "\n[DONE]", "60[40000] n=0"},
		{"Responses: failed", "/v1/responses", said("output_text.delta") + "\n" +
			`{"type":"response.failed","response":{"object":"response","status":"failed",` +
			`"error":{"code":"server_error","message":"it broke"}}}`,
			"60 n=0 api: it broke"},

		{"SGLang: the same token again, as deltas", "/generate", sglang("!", 1, "") + "\n" + sglang("!", 2, "") + "\n" +
			sglang("!", 3, "") + "\n[DONE]",
			"60[20000 20000] n=3 of [1 1 1] tpot=20"},
		{"SGLang: a character that is not whole yet", "/generate", sglang("a", 1, "") + "\n" + sglang("ab", 2, "") +
			"\n" + sglang("ab", 3, "") + "\n" + sglang("abc", 4, "") + "\n[DONE]",
			"60[20000 40000] n=4 of [1 1 2] tpot=20"},
		{"SGLang: one token, then the end", "/generate", sglang("a", 1, "") + "\n" + strings.Replace(sglang("a", 2, ""),
			"null", `{"type":"stop"}`, 1), "60 n=2 of [1]"},
		{"SGLang: two choices", "/generate", sglang("a", 1, `"index":0,`) + "\n" + sglang("x", 1, `"index":1,`) + "\n" +
			sglang("ab", 2, `"index":0,`) + "\n" + sglang("xy", 2, `"index":1,`) + "\n[DONE]",
			"60[20000 20000 20000] n=4 of [1 1 1 1] hidden? several_answers"},
		{"SGLang: one choice after the other", "/generate", sglang("a", 1, `"index":0,`) + "\n" +
			strings.Replace(sglang("ab", 2, `"index":0,`), "null", `{"type":"stop"}`, 1) + "\n" +
			sglang("x", 1, `"index":1,`) + "\n[DONE]",
			"60[20000 20000] n=3 of [1 1 1] tpot=20"},
		{"SGLang: two choices in a list", "/generate", "[" + sglang("a", 1, "") + "," + sglang("x", 1, "") + "]\n[" +
			sglang("ab", 2, "") + "," + sglang("xy", 2, "") + "]\n[DONE]",
			"60[20000] n=4 of [2 2] hidden? several_answers"},

		{"TGI: nothing but the end", "/generate_stream",
			`{"token":{"text":"</s>","special":true},"generated_text":"","details":null}`, "0 n=1"},
		{"TGI: an empty text with each token", "/generate_stream",
			`{"token":{"text":"a","special":false},"generated_text":""}` + "\n" +
				`{"token":{"text":"b","special":false},"generated_text":"ab"}`,
			"60[20000] n=2 of [1 1] tpot=20"},
		{"Triton: each event's own count", "/v2/models/m/generate_stream",
			`{"text_output":"a","num_input_tokens":7,"num_output_tokens":1}` + "\n" +
				`{"text_output":"b","num_input_tokens":7,"num_output_tokens":1}` + "\n" +
				`{"text_output":"c","num_input_tokens":7,"num_output_tokens":1}`,
			"60[20000 20000] n=3 of [1 1 1] tpot=20"},
		{"TGI: no details", "/generate_stream", `{"token":{"text":"a","special":false},"generated_text":null}` + "\n" +
			`{"token":{"text":"</s>","special":true},"generated_text":"a","details":null}`,
			"60 n=2 of [1]"},
		{"chat: Mistral's thinking", "",
			delta(`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"r"}]}]}`) + "\n" +
				delta(`{"content":[{"type":"text","text":"a"}]}`) + "\n" +
				delta(`{"content":[{"type":"reference","reference_ids":[1]}]}`) + "\n" + stopped + "\n[DONE]",
			"60[20000] n=0"},
		{"chat: sound", "", delta(`{"audio":{"id":"a","transcript":"t"}}`) + "\n" + delta(`{"audio":{"data":"AAAA"}}`) +
			"\n" + delta(`{"audio":{"expires_at":1}}`) + "\n" + stopped + "\n[DONE]",
			"60[20000] n=0"},
		{"chat: Perplexity's message so far", "", `{"choices":[{"delta":{"content":"a"},"message":{"content":"a"}}]}` +
			"\n" + `{"choices":[{"delta":{"content":"b"},"message":{"content":"ab"}}]}` + "\n" +
			`{"choices":[{"delta":{"content":""},"message":{"content":"ab"},"finish_reason":"stop"}]}` + "\n[DONE]",
			"60[20000] n=0"},
		{"chat: a key that is not known", "", delta(`{"answer":"a"}`) + "\n" + delta(`{"answer":"b"}`) + "\n" +
			fmt.Sprintf(lastPart, five) + "\n" + stopped + "\n[DONE]", "60[20000] n=5 tpot=5"},
	} {
		lines := strings.Split(c.events, "\n")
		a := answer{dialect: c.path, pieces: framed(lines, false)}
		if got := timing(a.play(t)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestItems(t *testing.T) {
	const (
		four = `{"input":["a","b","c","d"]}`
		docs = `{"query":"q","documents":["a","b","c"]}`
	)
	vector := `{"embedding":[0.1,-2e-3]}`
	list := func(n int, one string) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	for _, c := range []struct{ name, path, body, answer, want string }{
		{"all", "/v1/embeddings", four, `{"data":[` + list(4, vector) + `]}`, "items=4"},
		{"one", "/v1/embeddings", four, `{"data":[` + vector + `]}`,
			"items=1 api: the answer has 1 of the 4 embeddings asked for"},
		{"more", "/v1/embeddings", four, `{"data":[` + list(5, vector) + `]}`,
			"items=5 api: the answer has 5 instead of the 4 embeddings asked for"},
		{"rerank, more", "/v1/rerank", docs, `[0.9,0.8,0.7,0.6]`,
			"items=4 api: the answer has 4 instead of the 3 results asked for"},
		{"none", "/v1/embeddings", four, `{"data":[]}`, "empty: the answer has 0 of the 4 embeddings asked for"},
		{"one twice", "/v1/embeddings", four, `{"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]},` +
			`{"index":2,"embedding":[1]},{"index":3,"embedding":[1]}]}`, "items=4 api: data has the index 2 twice"},
		{"not numbered", "/v1/embeddings", four, `{"data":[` + list(4, `{"index":0,"embedding":[1]}`) + `]}`, "items=4"},
		{"empty", "/v1/embeddings", four, `{"data":[` + list(4, `{"embedding":[]}`) + `]}`,
			"api: data[0].embedding has no numbers: []"},
		{"null", "/v1/embeddings", four, `{"data":[` + list(3, vector) + `,{"embedding":null}]}`,
			`items=3 api: data[3] has no embedding: {"embedding":null}`},
		{"NaN", "/v1/embeddings", four, `{"data":[` + list(4, `{"embedding":[NaN,NaN]}`) + `]}`,
			"api: data[0].embedding has no numbers: [null,null]"},
		{"an error among them", "/v1/embeddings", four, `{"data":[` + list(3, vector) +
			`,{"object":"error","message":"too long"}]}`, "items=3 api: data[3] has no embedding: too long"},
		{"a vector for each token", "/v1/embeddings", four, `{"data":[` + list(4, `{"embedding":[[0.1],[0.2]]}`) + `]}`,
			"items=4"},
		{"base64", "/v1/embeddings", four, `{"data":[` + list(4, `{"embedding":"zczMPc3MTD4="}`) + `]}`, "items=4"},
		{"Cohere", "/v1/embeddings", four, `{"embeddings":{"float":[` + list(4, `[0.1]`) +
			`]},"meta":{"billed_units":{"input_tokens":8}}}`, "items=4"},
		{"TEI", "/v1/embeddings", four, `[` + list(4, `[0.1]`) + `]`, "items=4"},
		{"llama-server", "/v1/embeddings", four, `[` + list(4, `{"index":0,"embedding":[[0.1,0.2]]}`) + `]`, "items=4"},
		{"no usage, and floats", "/v1/embeddings", four, `{"data":[` + list(4, vector) +
			`],"usage":{"prompt_tokens":8.0,"total_tokens":null}}`, "items=4"},
		{"Ollama", "/api/embed", `{"model":"m","input":["a","b","c"]}`, `{"embeddings":[[0.1],[0.2]]}`,
			"items=2 api: the answer has 2 of the 3 embeddings asked for"},
		{"Ollama, null", "/api/embed", `{"model":"m","input":["a","b"]}`, `{"embeddings":[[0.1],null]}`,
			"items=1 api: embeddings[1] is neither a list of numbers nor base64: null"},
		{"rerank", "/v1/rerank", docs, `{"results":[{"index":0},{"index":1},{"index":2}]}`, "items=3"},
		{"rerank, the best alone", "/v1/rerank", strings.Replace(docs, "{", `{"top_n":1,`, 1),
			`{"results":[{"index":0}]}`, "items=3"},
		{"rerank, fewer", "/v1/rerank", docs, `{"results":[{"index":0}]}`,
			"items=1 api: the answer has 1 of the 3 results asked for"},
		{"rerank, fewer than the best", "/v1/rerank", strings.Replace(docs, "{", `{"top_n":2,`, 1),
			`{"results":[{"index":0}]}`, "items=1 api: the answer has 1 of the 2 results asked for"},
		{"rerank, one twice", "/v1/rerank", docs, `{"results":[{"index":2},{"index":1},{"index":2}]}`,
			"items=3 api: results has the index 2 twice"},
		{"Voyage", "/v1/rerank", docs,
			`{"object":"list","data":[{"index":0},{"index":1},{"index":2}],"usage":{"total_tokens":26}}`, "items=3"},
		{"Xinference, nulls", "/v1/rerank", docs, `{"results":[{},{},{}],"meta":{"tokens":null,"billed_units":null}}`,
			"items=3"},
		{"TEI's list", "/v1/rerank", docs, `[{"index":1,"score":0.9},{"index":0,"score":0.1},{"index":2,"score":0}]`,
			"items=3"},
		{"scores alone", "/v1/rerank", docs, `[0.9,0.8,0.7]`, "items=3"},
		{"null scores", "/v1/rerank", docs, `{"results":[{"index":0,"relevance_score":null}]}`,
			"api: results[0] has no score"},
		{"an error among the results", "/v1/rerank", docs,
			`{"results":[{"index":0,"score":1},{"index":1,"error":"too long"}]}`,
			"items=1 api: results[1] is an error: too long"},
		{"an embedding in an event", "/v1/embeddings", four, "data: {\"data\":[" + list(4, vector) + "]}\n\n",
			"items=4"},
		{"a sentence in its place", "/v1/chat/completions", `{"messages":[]}`, `{"Message":"User is not authorized"}`,
			"empty: the answer has no output, but a message: User is not authorized"},
		{"an error", "/v1/rerank", docs, `{"error":"too long","error_type":"Validation"}`, "api: too long"},
	} {
		a := answer{dialect: c.path, content: "application/json", body: c.body, pieces: every(c.answer)}
		if got := timing(a.play(t)); got != "0 n=0 "+c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, "0 n=0 "+c.want)
		}
	}
}

// MiniMax ends a stream with the whole message, which is no chunk. A server may also stream messages instead of deltas.
func TestMessagesInAStream(t *testing.T) {
	message := func(content, finish string) string {
		return datas(fmt.Sprintf(`{"choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":%s}]}`,
			content, finish))[0]
	}
	end := strings.Join(datas(stopped, fmt.Sprintf(lastPart, five), "[DONE]"), "")
	var messages []string
	for i := range 5 {
		messages = append(messages, message(fmt.Sprint("w", i), "null"))
	}
	for name, texts := range map[string][]string{
		"the whole message last": append(datas(words(5)...), message("w0 w1 w2 w3 w4 ", `"stop"`)+end),
		"messages":               append(messages, end),
	} {
		a := answer{pieces: every(texts...)}
		if got := timing(a.play(t)); got != good {
			t.Errorf("%s: %s", name, got)
		}
	}
}

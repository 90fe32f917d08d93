package client

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/api"
	"perfpipe/internal/clock"
	"perfpipe/internal/http1"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
)

// piece is bytes of a body and the time at which they are received, ms after the request.
type piece struct {
	at   int64
	text string
}

// answer is the answer of a server to a request of a dialect for a stream.
type answer struct {
	dialect string // by its path; "" is chat
	content string // Content-Type; "" is that of events
	body    string // of the request; "" is one that asks for a stream
	pieces  []piece
}

// play reads an answer as if its bytes were received at those times.
func (a *answer) play(t testing.TB) *record.Record {
	t.Helper()
	path := a.dialect
	if path == "" {
		path = "/v1/chat/completions"
	}
	name := ""
	if path == "/generate" { // which is TGI's, too
		name = "sglang"
	}
	d, _, _ := api.Select(name, path, nil)
	if d.Name == "" {
		t.Fatalf("no dialect at %s", path)
	}
	ep := &endpoint{dialect: d, memo: d.Memo(), stream: a.body == "", ranks: d.HasItems()}
	if ep.memo != nil {
		ep.read = ep.memo.Read
	}
	rec := new(record.Record)
	r := reply{trip: new(trip)}
	r.begin(&call{ep: ep, req: new(load.Request)}, true)
	r.rec = rec
	r.trip, r.limit = new(trip), new(Config).limit(true)
	content := a.content
	if content == "" {
		content = "text/event-stream"
	}
	const ms = 1_000_000
	r.Head(&http1.Header{Status: 200, ContentType: content}, ms)
	end := clock.Nanos(ms)
	for _, p := range a.pieces {
		end = clock.Nanos(p.at * ms)
		r.Body([]byte(p.text), end)
	}
	r.finish(nil, end)
	if ep.ranks && (rec.OK || rec.Error.Kind == record.KindEmpty) {
		checkItems(rec, &d, []byte(a.body))
	}
	rec.Output = r.text.String()
	return rec
}

// every returns pieces 20 ms apart, the first after 60 ms.
func every(texts ...string) []piece {
	list := make([]piece, len(texts))
	for i, text := range texts {
		list[i] = piece{60 + 20*int64(i), text}
	}
	return list
}

// datas returns an event for each data.
func datas(list ...string) []string {
	out := make([]string, len(list))
	for i, data := range list {
		out[i] = "data: " + data + "\n\n"
	}
	return out
}

// words returns n chunks of chat.
func words(n int) (list []string) {
	for i := range n {
		list = append(list, delta(fmt.Sprintf(`{"content":"w%d "}`, i)))
	}
	return list
}

func delta(delta string) string {
	return `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":` + delta +
		`,"finish_reason":null}]}`
}

const (
	stopped  = `{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	lastPart = `{"id":"c","choices":[],"usage":%s}`
)

// chat returns a stream of chunks, with usage in the same piece as [DONE].
func chatOf(usage string, chunks ...string) []piece {
	tail := strings.Join(datas(stopped, fmt.Sprintf(lastPart, usage), "[DONE]"), "")
	return every(append(datas(chunks...), tail)...)
}

const five = `{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}`

// timing returns the times of the chunks and the counts of a record.
func timing(r *record.Record) string {
	gaps := ""
	if len(r.GapUs) > 0 {
		gaps = fmt.Sprint(r.GapUs)
	}
	s := fmt.Sprintf("%v%s n=%d", r.TTFTMs, gaps, r.CompletionTokens)
	if len(r.ChunkTokens) > 0 {
		s += fmt.Sprint(" of ", r.ChunkTokens)
	}
	if r.TPOTMs > 0 {
		s += fmt.Sprint(" tpot=", r.TPOTMs)
	}
	if r.HiddenTokens > 0 {
		s += fmt.Sprint(" hidden=", r.HiddenTokens)
	}
	if r.HiddenUnknown != "" {
		s += " hidden? " + r.HiddenUnknown
	}
	if r.Items > 0 {
		s += fmt.Sprint(" items=", r.Items)
	}
	if r.Error != nil {
		s += " " + r.Error.Kind + ": " + r.Error.Message
	}
	return s
}

const good = "60[20000 20000 20000 20000] n=5 tpot=20"

func TestTokensThatWereNotStreamed(t *testing.T) {
	of := func(details string, total int) string {
		return fmt.Sprintf(`{"prompt_tokens":12,"completion_tokens":305,"total_tokens":%d,%s}`, total, details)
	}
	reasoned := append([]string{delta(`{"reasoning_content":"r0"}`), delta(`{"reasoning_content":"r1"}`)}, words(3)...)
	for name, c := range map[string]struct {
		pieces []piece
		want   string
	}{
		"OpenAI's hidden reasoning": {chatOf(of(`"completion_tokens_details":{"reasoning_tokens":300}`, 317),
			words(5)...),
			"60[20000 20000 20000 20000] n=305 tpot=20 hidden=300"},
		"predicted tokens that were rejected": {chatOf(
			of(`"completion_tokens_details":{"rejected_prediction_tokens":300,"reasoning_tokens":0}`, 317),
			words(5)...),
			"60[20000 20000 20000 20000] n=305 tpot=20 hidden=300"},
		"reasoning that was streamed": {chatOf(`{"prompt_tokens":7,"completion_tokens":5,`+
			`"completion_tokens_details":{"reasoning_tokens":2}}`, reasoned...), good},
		"xAI counts reasoning beside": {chatOf(`{"prompt_tokens":7,"completion_tokens":3,"total_tokens":12,`+
			`"completion_tokens_details":{"reasoning_tokens":2}}`, reasoned...), good},
		"beside, and kept": {chatOf(`{"prompt_tokens":7,"completion_tokens":5,"total_tokens":312,`+
			`"completion_tokens_details":{"reasoning_tokens":300}}`, words(5)...),
			"60[20000 20000 20000 20000] n=305 tpot=20 hidden=300"},
		"more reasoning than output, without a total": {chatOf(`{"prompt_tokens":7,"completion_tokens":5,`+
			`"completion_tokens_details":{"reasoning_tokens":300}}`, words(5)...),
			"60[20000 20000 20000 20000] n=305 tpot=20 hidden=300"},
		"Gemini's total has thoughts that nothing else has": {chatOf(`{"prompt_tokens":7,"completion_tokens":5,`+
			`"total_tokens":512}`, words(5)...),
			"60[20000 20000 20000 20000] n=5 hidden? total_disagrees"},
		"a total without the cached tokens": {chatOf(`{"prompt_tokens":7,"completion_tokens":5,"total_tokens":62,`+
			`"cached_tokens":50}`, words(5)...), good},
		"reasoning within the content": {chatOf(`{"prompt_tokens":7,"completion_tokens":5,`+
			`"completion_tokens_details":{"reasoning_tokens":3}}`, words(5)...), good},
		"all of it is kept": {chatOf(`{"prompt_tokens":7,"completion_tokens":5,`+
			`"completion_tokens_details":{"reasoning_tokens":5}}`, words(2)...),
			"60[20000] n=5 hidden? total_disagrees"},
		"Gemini's thoughts in the content": {chatOf(five,
			append([]string{delta(`{"content":"hm","extra_content":{"google":{"thought":true}}}`)}, words(4)...)...),
			"60[20000 20000 20000 20000] n=5 hidden? reasoning_summary"},
		"OpenRouter's summary of reasoning": {chatOf(five,
			append([]string{delta(`{"reasoning":"s","reasoning_details":[{"type":"reasoning.summary",` +
				`"summary":"s"}]}`)}, words(4)...)...),
			"60[20000 20000 20000 20000] n=5 hidden? reasoning_summary"},
		"OpenRouter's encrypted reasoning": {chatOf(five,
			append([]string{delta(`{"reasoning_details":[{"type":"reasoning.encrypted","data":"AAAA"}]}`)},
				words(5)...)...),
			"80[20000 20000 20000 20000] n=5 hidden? redacted_reasoning"},
		"reasoning under two names is one": {chatOf(five,
			append([]string{delta(`{"reasoning":"r","reasoning_content":"r"}`)}, words(4)...)...), good},
	} {
		a := answer{pieces: c.pieces}
		if got := timing(a.play(t)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// TestEmptyChunks counts the chunks without output after the first one with output.
func TestEmptyChunks(t *testing.T) {
	const (
		role   = `{"choices":[{"delta":{"role":"assistant","content":""}}]}`
		empty  = `{"choices":[{"delta":{"content":""}}]}`
		word   = `{"choices":[{"delta":{"content":"a"}}]}`
		last   = `{"choices":[{"delta":{"content":"a"},"finish_reason":"length"}]}`
		finish = `{"choices":[{"delta":{},"finish_reason":"stop"}]}`
		usage  = `{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":4}}`
	)
	for name, c := range map[string]struct {
		chunks []string
		want   int
	}{
		"the finish reason in a chunk of its own": {[]string{role, word, word, finish, usage}, 1},
		"the finish reason in the last chunk":     {[]string{role, word, word, last, usage}, 0},
		"before the first output":                 {[]string{role, empty, empty, word, last, usage}, 0},
		"between, in the shape of the others":     {[]string{word, word, word, empty, word, empty, finish, usage}, 3},
		"only one with output":                    {[]string{word, finish, usage}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			a := answer{pieces: every(datas(append(c.chunks, "[DONE]")...)...)}
			if r := a.play(t); !r.OK || r.EmptyChunks != c.want {
				t.Errorf("%d empty chunks of %+v, want %d", r.EmptyChunks, r, c.want)
			}
		})
	}
}

func TestFailedAnswers(t *testing.T) {
	chunks := datas(words(3)...)
	end := strings.Join(datas(stopped, fmt.Sprintf(lastPart, five), "[DONE]"), "")
	finish := func(value string) string {
		return datas(`{"choices":[{"index":0,"delta":{"content":""},"finish_reason":` + value + `}]}`)[0]
	}
	for name, c := range map[string]struct{ text, want string }{
		"event: error, an object": {"event: error\ndata: {\"message\":\"engine crashed\",\"code\":500}\n\n",
			"api: engine crashed"},
		"event: error, text": {"event: error\ndata: engine crashed\n\n" + end, "api: engine crashed"},
		"event: error, a comment": {"event: error\n: \"Stream ended before generation completed\"\n\n" + end,
			"api: Stream ended before generation completed"},
		"event: error, nothing": {"event: error\ndata: {}\n\n" + end,
			"api: the server sent an error event without a message"},
		"event: Error, JSON text": {"event: Error\ndata: \"out of memory\"\n\n", "api: out of memory"},
		"an error without a name": {datas(`{"error":{"message":"EngineCore died","code":500}}`)[0] + end,
			"api: EngineCore died"},
		"an error that is a text": {datas(`{"error":"EngineCore died"}`)[0] + end, "api: EngineCore died"},
		"an error that is true": {datas(`{"error":true,"message":"EngineCore died"}`)[0] + end,
			"api: EngineCore died"},
		"an error in a list": {datas(`[{"error":{"code":503,"message":"The model is overloaded."}}]`)[0],
			"api: The model is overloaded."},
		"an object that is one": {datas(`{"object":"error","message":"too long","code":400}`)[0], "api: too long"},
		"a code and a message":  {datas(`{"code":429,"message":"slow down"}`)[0] + end, "api: slow down"},
		"no success":            {datas(`{"success":false,"msg":"no quota"}`)[0], "api: no quota"},
		"MiniMax": {datas(`{"base_resp":{"status_code":1004,"status_msg":"login fail"}}`)[0] + end,
			"api: login fail"},
		"text":                      {datas("Internal Server Error")[0], "api: Internal Server Error"},
		"text, and the stream ends": {datas("upstream went away")[0], "api: upstream went away"},
		"abort":                     {finish(`"abort"`) + end, "api: the answer ended with the reason abort"},
		"error":                     {finish(`"error"`) + end, "api: the answer ended with the reason error"},
		"an abort that is an object": {finish(`{"type":"abort","message":"the client went away"}`) + end,
			"api: aborted: the client went away"},
		"DeepSeek": {finish(`"insufficient_system_resource"`) + end,
			"api: the answer ended with the reason insufficient_system_resource"},
		"OpenRouter's choice": {datas(`{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error",` +
			`"error":{"code":502,"message":"the provider is gone"}}]}`)[0] + end,
			"api: the provider is gone"},
		"OpenRouter's choice, its reason last": {datas(`{"choices":[{"index":0,"error":{"message":"the provider is gone"},` +
			`"delta":{"content":""},"finish_reason":"error"}]}`)[0] + end,
			"api: the provider is gone"},
		"OpenRouter's event": {datas(`{"error":{"code":502,"message":"the provider is gone"},"choices":[{"index":0,` +
			`"delta":{"content":""},"finish_reason":"error"}]}`)[0] + end,
			"api: the provider is gone"},
		"Bedrock": {datas(`{"modelStreamErrorException":{"message":"the model is gone","originalStatusCode":424}}`)[0],
			"api: the model is gone"},
		"overload": {finish(`"engine_overloaded"`) + end,
			"api: the answer ended with the reason engine_overloaded"},
		"a service's own word": {finish(`"upstream_error"`) + end,
			"api: the answer ended with the reason upstream_error"},
		"no data: in front":  {`{"error":{"message":"raw line","code":500}}` + "\n" + end, "api: raw line"},
		"no line end either": {`{"error":{"message":"raw line","code":500}}`, "api: raw line"},
		"a proxy's page": {"<html><head><title>502 Bad Gateway</title></head></html>\n",
			"truncated: the stream ended without finish_reason and [DONE]; it says: 502 Bad Gateway"},
		"a proxy's text": {"upstream connect error, reset reason: overflow",
			"truncated: the stream ended without finish_reason and [DONE]; it says: upstream connect error, reset " +
				"reason: overflow"},
		"a code of another name": {datas(`{"retCode":102,"ret_msg":"no model"}`)[0] + end, "api: no model"},
		"broken JSON": {datas(`{"choices":[{"delta":`)[0],
			`protocol: not a JSON answer: "{\"choices\":[{\"delta\":"`},
		"a reason that is none": {finish(`"FINISH_REASON_UNSPECIFIED"`) + finish(`"not_finished"`),
			"truncated: the stream ended without finish_reason and [DONE]"},
		"llama-server": {"error: {\"code\":500,\"message\":\"slot is gone\"}\n\n", "api: slot is gone"},
		"cut":          {"", "truncated: the stream ended without finish_reason and [DONE]"},
	} {
		a := answer{pieces: every(append(slices.Clone(chunks), c.text)...)}
		if rec := a.play(t); rec.OK || rec.Error.Kind+": "+rec.Error.Message != c.want || rec.TTFTMs != 60 ||
			len(rec.GapUs) != 2 {
			t.Errorf("%s:\n got %s\nwant %s", name, timing(rec), c.want)
		}
	}
}

// Heartbeats and marks of a server, and errors without content, are not errors.
func TestHarmlessEvents(t *testing.T) {
	tail := strings.Join(datas(stopped, fmt.Sprintf(lastPart, five)), "")
	for name, c := range map[string]struct{ before, done string }{
		"comments":     {": OPENROUTER PROCESSING\n\n:\n\n", "data: [DONE]\n\n"},
		"fields alone": {"retry: 3000\n\nid: 1\n\nevent: ping\n\n", "data: [DONE]\n\n"},
		"empty data":   {"data:\n\ndata: \n\ndata\n\n", "data: [DONE] \n\n"},
		"data that is JSON": {"event: ping\ndata: {\"type\":\"ping\"}\n\ndata: {}\n\ndata: null\n\ndata: []\n\ndata: " +
			"1\n\n", "data: \"[DONE]\"\n\n"},
		"text":       {"data: ping\n\ndata: keep-alive\n\n", "data: [done]\n\n"},
		"twice data": {"data: data: {\"choices\":[]}\n\n", "data: data: [DONE]\n\n"},
		"errors of nothing": {strings.Join(datas(`{"error":false}`, `{"error":""}`, `{"error":{}}`, `{"error":[]}`,
			`{"error":null}`, `{"error":0}`,
			`{"error":{"code":0,"message":""}}`, `{"error":{"code":0,"message":"success"}}`,
			`{"code":0,"message":"ok"}`, `{"code":200,"msg":"success"}`,
			`{"base_resp":{"status_code":0,"status_msg":""}}`), ""), ""},
		"Azure's filter": {datas(`{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}`)[0], "data: [DONE]"},
		"a role": {datas(delta(`{"role":"assistant","content":null,"tool_calls":null}`))[0],
			"data: [DONE]\n\n"},
		"a mark of order": {"\xEF\xBB\xBF" + ": hi\n\n", "data: [DONE]\n\n"},
		"an odd delta": {datas(delta(`[]`), delta(`"x"`), delta(`{"content":[null]}`),
			delta(`{"mood":"sunny"}`))[0], "data: [DONE]\n\n"},
		"no end of a line": {"", "data: [DONE]"},
	} {
		a := answer{pieces: every(append(datas(words(5)...), tail+c.done)...)}
		a.pieces[0].text = c.before + a.pieces[0].text
		if got := timing(a.play(t)); got != good {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestFraming(t *testing.T) {
	stream := strings.Join(datas(append(words(5), stopped, fmt.Sprintf(lastPart, five), "[DONE]")...), "")
	timed := chatOf(five, words(5)...)
	var single, late, crlf, lines []piece
	for i, p := range timed {
		single = append(single, piece{p.at, strings.ReplaceAll(p.text, "\n\n", "\n")})
		text := strings.TrimSuffix(p.text, "\n")
		if i > 0 {
			text = "\n" + text
		}
		late = append(late, piece{p.at, text})
		crlf = append(crlf, piece{p.at, strings.ReplaceAll(p.text, "\n", "\r\n")})
		plain := strings.ReplaceAll(strings.ReplaceAll(p.text, "data: ", ""), "\n\n", "\n")
		lines = append(lines, piece{p.at, plain})
	}
	const whole = `{"object":"chat.completion","choices":[{"index":0,"message":{"content":"w0 w1"},` +
		`"finish_reason":"stop"}],"usage":` + five + `}`
	pretty := strings.NewReplacer(",", ",\n  ", "{", "{\n  ").Replace(whole)
	ollama := every(`{"message":{"content":"a"},"done":false}`+"\r\n", `{"message":{"content":"b"},`, `"done":false}`+
		"\n",
		`{"message":{"content":""},"done":true,"done_reason":"stop","eval_count":2}`)
	for name, c := range map[string]struct {
		answer
		want string
	}{
		"text/plain":                {answer{content: "text/plain; charset=utf-8", pieces: timed}, good},
		"no type":                   {answer{content: " ", pieces: timed}, good},
		"JSON was announced":        {answer{content: "application/json", pieces: timed}, good},
		"octet-stream":              {answer{content: "application/octet-stream", pieces: timed}, good},
		"single newlines":           {answer{pieces: single}, good},
		"the blank line comes late": {answer{pieces: late}, good},
		"CRLF":                      {answer{pieces: crlf}, good},
		"JSON lines":                {answer{pieces: lines}, good},
		"JSON lines, announced":     {answer{content: "application/x-ndjson", pieces: lines}, good},
		"a byte alone": {answer{content: "text/plain", pieces: append([]piece{{1, "d"}, {2, "a"}},
			slices.Concat([]piece{{60, timed[0].text[2:]}}, timed[1:])...)}, good},
		"a whole answer": {answer{pieces: every(whole)}, "0 n=5"},
		"a whole answer, JSON": {answer{content: "application/json", pieces: every(whole[:9], whole[9:])},
			"0 n=5"},
		"a whole answer, over lines": {answer{pieces: every(pretty)}, "0 n=5"},
		"a whole answer was asked":   {answer{body: "{}", content: "text/html", pieces: every(whole)}, "0 n=5"},
		"a stream was not asked": {answer{body: "{}", content: "application/json", pieces: []piece{{60, stream}}},
			"60[0 0 0 0] n=5"},
		"a page": {answer{pieces: every("<html><title>502 Bad Gateway</title></html>")},
			"0 n=0 protocol: not a JSON answer but a page: 502 Bad Gateway"},
		"nothing": {answer{content: "application/json"}, "0 n=0 empty: the answer is empty"},
		"Ollama": {answer{dialect: "/api/chat", content: "application/x-ndjson", pieces: ollama},
			"60[40000] n=2 tpot=40"},
		"Ollama by another type": {answer{dialect: "/api/chat", content: "text/event-stream", pieces: ollama},
			"60[40000] n=2 tpot=40"},
		"Ollama in events": {answer{dialect: "/api/chat", pieces: every("data: "+ollama[0].text+"\n", "data: "+
			ollama[1].text+ollama[2].text+"\n", "data: "+ollama[3].text+"\n\n")}, "60[20000] n=2 tpot=20"},
		"Ollama breaks off": {answer{dialect: "/api/chat", pieces: ollama[:3]},
			`60[40000] n=0 truncated: the stream ended without "done": true`},
		"an error in JSON, asked": {answer{content: "application/json",
			pieces: every(`{"code":400,"msg":"quota exceeded for key","success":false}`)},
			"0 n=0 api: quota exceeded for key"},
	} {
		if got := timing(c.play(t)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

package api

import "github.com/goccy/go-json"

// chat and completion are OpenAI's. vLLM, SGLang, llama-server, TGI, transformers and most services implement them.
var chat = Dialect{
	Name: "openai", Op: "chat", Base: "/v1", Path: "/chat/completions", Need: "messages", foreign: foreignChat,
	input: func(in Input) (object, error) {
		m, err := asMessages(in)
		return object{{Key: "messages", Value: m}}, err
	},
	read: readChat, scan: scanChat, StreamOptions: true, times: chatTimes, timeAsks: chatAsks,
	probe: probeChat,
}

var completion = Dialect{
	Name: "openai", Op: "completion", Base: "/v1", Path: "/completions", Need: "prompt",
	input: func(in Input) (object, error) { return prompt(in, "prompt", "prompt", "prompt") },
	read:  readChat, scan: scanChat, StreamOptions: true, times: chatTimes, timeAsks: completionAsks,
	probe: probeChat,
}

// asMessages returns the messages of an input. A text is a single message of the user.
func asMessages(in Input) (json.RawMessage, error) {
	switch in.kind() {
	case messagesIn:
		return in.Messages, nil
	case textIn:
		m := object{{Key: "role", Value: raw("user")}, {Key: "content", Value: raw(in.Text)}}
		return raw([]json.RawMessage{m.json()}), nil
	}
	return nil, errKind
}

// readChat reads chunks and whole replies of both, which differ only in delta, message and text. It reads all choices.
func readChat(v value) Event {
	var e Event
	v.each(func(key string, v value) {
		switch key {
		case "model":
			e.Model = v.string()
		case "usage":
			e.count(v)
		case "x_groq": // of Groq
			e.count(v.at("usage"))
			if err := v.at("error"); !harmless(err) {
				e.Err = ErrorMessage(err.raw())
			}
		case "choices":
			n := 0
			var one first
			e.each(v, func(i int, v value) {
				content, calls := len(e.Content), len(e.Calls)
				if e.choice(i, v); e.Choice == 1 {
					one = first{e.Content[content:], e.Calls[calls:]}
				}
				n++
			})
			if n > 1 {
				e.Choice, e.first = 0, &one
			}
		}
	})
	return e
}

func (e *Event) choice(i int, v value) {
	var usage, delta, message, text value
	e.Choice = choiceOf(i)
	v.each(func(key string, v value) {
		switch key {
		case "index":
			if n, ok := v.number(); ok {
				e.Choice = choiceOf(n)
			}
		case "text":
			text = v
		case "delta":
			delta = v
		case "message":
			message = v
		case "finish_reason":
			e.finish(v)
		case "usage": // of Moonshot
			usage = v
		case "error": // of OpenRouter
			if !harmless(v) {
				e.Err = ErrorMessage(v.raw())
			}
		}
	})
	before := e.Content
	if delta.there() { // Perplexity also sends the message so far
		e.message(delta)
	} else if message.there() {
		e.message(message)
		e.Whole = true
	}
	if e.Content == before { // Together also sends the text of the delta
		e.Content += text.string()
	}
	if e.Usage == nil {
		e.count(usage)
	}
}

// count sets the usage if v is one.
func (e *Event) count(v value) {
	if u := v.usage(); u != nil {
		e.Usage = u
	}
}

// message reads a message or a delta. It is the list of what counts as output, for all dialects with OpenAI's messages.
func (e *Event) message(v value) {
	if !v.isObject() {
		e.Odd = e.Odd || v.there()
		return
	}
	var r reasoning
	before := e.Content
	v.each(func(key string, v value) {
		switch key {
		case "content":
			e.parts(v)
		case "refusal":
			e.Content += v.string()
		case "reasoning":
			r.add(1, v.text())
		case "reasoning_content":
			r.add(2, v.text())
		case "thinking": // Ollama's
			r.add(3, v.text())
		case "reasoning_text", "thought", "thoughts": // gateways'
			r.add(4, v.text())
		case "reasoning_details": // OpenRouter's
			v.list(func(_ int, v value) { e.detail(v, &r) })
		case "thinking_blocks": // LiteLLM's
			v.list(func(_ int, v value) { r.add(6, v.at("thinking").string()) })
		case "tool_calls":
			if v.list(e.toolCall); v.isObject() {
				e.toolCall(0, v)
			}
		case "function_call": // the predecessor of tool_calls
			if v.isObject() {
				e.call(Call{Name: v.at("name").string(), Arguments: v.at("arguments").arguments()})
			}
		case "audio":
			e.Content += v.at("transcript").string()
			e.Media = e.Media || v.string()+v.at("data").string() != ""
		case "images": // OpenRouter's
			e.Media = e.Media || v.size() > 0
		case "role", "name", "id", "type", "object", "status", "index", "model", "signature", "reasoning_signature",
			"tool_call_id", "encrypted_content", "stop_reason", "finish_reason", "tool_name", "channel", "recipient":
		default:
			if v.string() != "" {
				e.odd(key)
			}
		}
	})
	if v.at("extra_content.google.thought").isTrue() {
		r.add(1, e.Content[len(before):])
		e.Content, e.Unseen = before, UnseenSummary
	}
	e.Reasoning += r.text
}

// reasoning is the reasoning of a message. Under several names a server sends the same text.
type reasoning struct {
	text string
	rank int // of the name under which text was found
}

// add adds text found under a name. Of several names, the one with the lowest rank counts.
func (r *reasoning) add(rank int, text string) {
	switch {
	case text == "":
	case r.rank == 0 || rank < r.rank:
		r.text, r.rank = text, rank
	case rank == r.rank:
		r.text += text
	}
}

// parts reads a content: a text, or a list of texts and parts. Some services have parts with reasoning and media.
func (e *Event) parts(v value) {
	switch {
	case v.isList():
		v.list(e.part)
	case v.isNumber():
		e.Content += v.r.Raw
	case v.isObject():
		e.part(0, v)
	default:
		e.Content += v.string()
	}
}

func (e *Event) part(_ int, v value) {
	e.Content += v.string() + v.at("text").string() + v.at("refusal").string()
	e.Reasoning += v.at("thinking").text() + v.at("reasoning").text() // Mistral's
	switch v.at("type").string() {
	case "image_url", "image", "output_image", "audio", "output_audio", "video":
		e.Media = true
	case "":
		e.Odd = e.Odd || !v.isObject()
	}
}

// detail reads an element of OpenRouter's reasoning_details.
func (e *Event) detail(v value, r *reasoning) {
	r.add(5, v.at("text").string())
	if summary := v.at("summary").string(); summary != "" {
		r.add(5, summary)
		e.Unseen = UnseenSummary
	}
	if v.at("type").is("reasoning.encrypted") && v.at("data").string() != "" {
		e.Unseen = UnseenRedacted
	}
}

func (e *Event) toolCall(i int, v value) {
	if !v.isObject() {
		return
	}
	if n, ok := v.at("index").number(); ok {
		i = n
	}
	f := v.at("function")
	if v.at("custom").isObject() { // a tool without a schema
		f = v.at("custom")
	}
	e.call(Call{i, v.at("id").string(), f.at("name").string(), f.at("arguments").arguments() + f.at("input").string()})
}

package dataset

import (
	"fmt"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"llmperf/internal/api"
	"llmperf/internal/request"
)

// message is one of a conversation.
type message struct {
	role string
	raw  json.RawMessage // as OpenAI's chat has it
	text string          // its content, "" where that is no text

	maxTokens *int64 // of the answer
	delayMs   float64
}

func newMessage(role, text string) message {
	raw := request.AppendString([]byte(`{"role":`), role)
	raw = request.AppendString(append(raw, `,"content":`...), text)
	return message{role: role, text: text, raw: append(raw, '}')}
}

// readMessages reads a conversation in any of the forms that datasets have: OpenAI's role and content, ShareGPT's from
// and value, or pairs of human and assistant. What is said about the answer (max_tokens, delay_ms or delay in seconds) is
// taken out of the message.
func readMessages(v gjson.Result) ([]message, error) {
	if !v.IsArray() {
		return nil, fmt.Errorf("not a list of messages: %.40q", v.Raw)
	}
	var all []message
	var err error
	v.ForEach(func(_, m gjson.Result) bool {
		switch {
		case m.Get("role").Exists():
			var one message
			one, err = openaiMessage(m)
			all = append(all, one)
		case m.Get("from").Exists():
			all = append(all, newMessage(shareRole(m.Get("from").Str), m.Get("value").String()))
		case m.Get("human").Exists():
			all = append(all, newMessage("user", m.Get("human").String()))
			if m.Get("assistant").Exists() {
				all = append(all, newMessage("assistant", m.Get("assistant").String()))
			}
		default:
			err = fmt.Errorf("message %d has neither role, from nor human: %.60s", len(all), m.Raw)
		}
		return err == nil
	})
	return all, err
}

func openaiMessage(m gjson.Result) (message, error) {
	out := message{role: m.Get("role").Str, text: m.Get("content").Str, raw: json.RawMessage(m.Raw)}
	if n := m.Get("max_tokens"); n.Exists() {
		limit := n.Int()
		out.maxTokens = &limit
	}
	out.delayMs = m.Get("delay_ms").Num + 1000*m.Get("delay").Num
	var err error
	for _, key := range []string{"max_tokens", "delay_ms", "delay"} {
		if err == nil && m.Get(key).Exists() {
			out.raw, err = sjson.DeleteBytes(out.raw, key)
		}
	}
	if out.delayMs < 0 {
		return out, fmt.Errorf("a delay is negative: %.60s", m.Raw)
	}
	return out, err
}

// shareRole is ShareGPT's name for a speaker in OpenAI's words.
func shareRole(from string) string {
	switch from {
	case "human", "user":
		return "user"
	case "system":
		return "system"
	}
	return "assistant"
}

// list is messages as a body has them.
func list(all []message) json.RawMessage {
	b := []byte{'['}
	for i, m := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, m.raw...)
	}
	return append(b, ']')
}

// history is a conversation to be continued once: without the last answer.
func history(all []message) []message {
	for len(all) > 0 && all[len(all)-1].role == "assistant" {
		all = all[:len(all)-1]
	}
	return all
}

// lastUser is the last text of the user's.
func lastUser(all []message) string {
	text := ""
	for _, m := range all {
		if m.role == "user" {
			text = m.text
		}
	}
	return text
}

// turns cuts a conversation at its answers, which the server will give anew.
func (o *Options) turns(all []message) []Turn {
	var out []Turn
	var said []message
	add := func() {
		turn := Turn{Item: Item{In: &api.Input{Messages: list(said)}}}
		for _, m := range said {
			turn.DelayMs += m.delayMs
			if m.maxTokens != nil {
				turn.Own = ownMaxTokens(int(*m.maxTokens))
			}
		}
		if len(out) > 0 && turn.DelayMs == 0 && len(o.TurnDelayMs) > 0 {
			turn.DelayMs = o.TurnDelayMs[0]
		}
		out = append(out, turn)
		said = nil
	}
	for _, m := range all {
		if m.role != "assistant" {
			said = append(said, m)
		} else if len(said) > 0 {
			add()
		}
	}
	if len(said) > 0 {
		add()
	}
	if o.MaxTurns > 0 && len(out) > o.MaxTurns {
		out = out[:o.MaxTurns]
	}
	return out
}

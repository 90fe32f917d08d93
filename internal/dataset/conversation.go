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
		all, err = appendMessage(all, m)
		return err == nil
	})
	return all, err
}

func appendMessage(all []message, m gjson.Result) ([]message, error) {
	var role, content, from, value, human, assistant gjson.Result
	own := false
	m.ForEach(func(key, v gjson.Result) bool { // once, since messages are long
		switch key.Str {
		case "role":
			role = v
		case "content":
			content = v
		case "from":
			from = v
		case "value":
			value = v
		case "human":
			human = v
		case "assistant":
			assistant = v
		case "max_tokens", "delay_ms", "delay":
			own = true
		}
		return true
	})
	switch {
	case role.Exists():
		one := message{role: role.Str, text: content.Str, raw: json.RawMessage(m.Raw)}
		var err error
		if own {
			err = one.answer(m)
		}
		return append(all, one), err
	case from.Exists():
		return append(all, spoken(shareRole(from.Str), value)), nil
	case human.Exists():
		if all = append(all, spoken("user", human)); assistant.Exists() {
			all = append(all, spoken("assistant", assistant))
		}
		return all, nil
	}
	return all, fmt.Errorf("message %d has neither role, from nor human: %.60s", len(all), m.Raw)
}

// spoken is a message whose text stands in JSON.
func spoken(role string, v gjson.Result) message {
	if v.Type != gjson.String {
		return newMessage(role, v.String())
	}
	raw := request.AppendString([]byte(`{"role":`), role)
	return message{role: role, text: v.Str, raw: append(append(append(raw, `,"content":`...), v.Raw...), '}')}
}

// answer takes out of a message what is said about the answer to it.
func (m *message) answer(v gjson.Result) (err error) {
	if n := v.Get("max_tokens"); n.Exists() {
		limit := n.Int()
		m.maxTokens = &limit
	}
	if m.delayMs = v.Get("delay_ms").Num + 1000*v.Get("delay").Num; m.delayMs < 0 {
		return fmt.Errorf("a delay is negative: %.60s", v.Raw)
	}
	for _, key := range []string{"max_tokens", "delay_ms", "delay"} {
		if err == nil && v.Get(key).Exists() {
			m.raw, err = sjson.DeleteBytes(m.raw, key)
		}
	}
	return err
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

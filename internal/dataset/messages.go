package dataset

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/fastjson"
)

// talk reads the messages of one conversation in any of the formats of datasets: OpenAI's role and content, ShareGPT's
// from and value, or pairs of human and assistant. It moves the options of an answer (max_tokens, delay_ms, or delay
// in seconds) out of its message.
type talk struct {
	all   []message
	open  []string // ids of tool calls without a result
	calls int      // number of tool calls so far
	p     *prompts // counts what is skipped
}

func (t *talk) read(v gjson.Result) error {
	if !v.IsArray() {
		return fmt.Errorf("not a list of messages: %.40q", v.Raw)
	}
	if one := v.Get("0"); one.IsArray() && !v.Get("1").Exists() { // a batch of one
		v = one
	}
	var err error
	v.ForEach(func(_, m gjson.Result) bool {
		err = t.append(m)
		return err == nil
	})
	return err
}

// fields are the members of a message in any of the formats.
type fields struct {
	role, content, from, value, text, human, assistant, toolCalls gjson.Result

	about bool // has options of the answer
	other bool // has keys that no API accepts in a message
}

func readFields(m gjson.Result) (f fields) {
	m.ForEach(func(key, v gjson.Result) bool { // one pass, since messages are long
		switch key.Str {
		case "role":
			f.role = v
		case "content":
			f.content = v
		case "from":
			f.from = v
		case "value":
			f.value = v
		case "text":
			f.text = v
		case "human":
			f.human = v
		case "assistant":
			f.assistant = v
		case "tool_calls", "function_call":
			f.toolCalls = v
		case "max_tokens", "delay_ms", "delay":
			f.about = true
		default:
			f.other = f.other || !ofMessage(key.Str)
		}
		return true
	})
	return f
}

// ofMessage reports whether an API accepts the key in a message.
func ofMessage(key string) bool {
	switch key {
	case "role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal", "audio", "reasoning_content",
		"reasoning", "thinking", "prefix", "partial", "tools", "cache_control":
		return true
	}
	return false
}

func (t *talk) append(m gjson.Result) error {
	if m.Type == gjson.String { // MT-Bench contains user messages only
		t.turn(spoken("user", m))
		return nil
	}
	f := readFields(m)
	if !f.role.Exists() {
		if one, ok := langChain(m); ok {
			m, f = one, readFields(one)
		}
	}
	switch {
	case f.role.Exists():
		return t.openAI(m, &f)
	case f.from.Exists():
		return t.speaker(f.from.String(), m, &f)
	case f.human.Exists():
		t.add(spoken("user", f.human))
		if f.assistant.Exists() {
			t.add(spoken("assistant", f.assistant))
		}
		return nil
	case f.text.Type == gjson.String:
		return t.aiperf(f.text, m)
	}
	return fmt.Errorf("message %d has neither role, from nor human: %.60s", len(t.all), m.Raw)
}

// aiperf reads a turn of aiperf's multi-turn data, whose delays are in milliseconds.
func (t *talk) aiperf(text, m gjson.Result) (err error) {
	one := spoken("user", text)
	if one.delayMs, err = delayMs(m.Get("delay"), 1); err != nil {
		return fmt.Errorf("delay: %w", err)
	}
	t.turn(one)
	return nil
}

// turn appends a message that is answered before the next one is sent.
func (t *talk) turn(m message) {
	t.add(m)
	t.add(message{role: "assistant"})
}

// openAI reads a message that has a role.
func (t *talk) openAI(m gjson.Result, f *fields) error {
	role := f.role.Str
	switch role {
	case "system", "developer", "user", "assistant", "tool", "function":
	default:
		return t.speaker(role, m, f)
	}
	if !f.content.Exists() && (f.value.Exists() || f.text.Exists()) {
		return t.speaker(role, m, f)
	}
	one := message{role: role, text: contentText(f.content), raw: json.RawMessage(m.Raw), calls: hasCalls(f.toolCalls) ||
		usesTools(f.content), parts: hasParts(f.content)}
	if f.other {
		one.raw = t.known(m)
	}
	if f.about {
		if err := one.about(m); err != nil {
			return err
		}
	}
	if one.calls {
		for _, c := range f.toolCalls.Array() {
			t.open = append(t.open, c.Get("id").String())
		}
	}
	t.add(one)
	return nil
}

// speaker reads a message that names its speaker in one of the ways of datasets.
func (t *talk) speaker(name string, m gjson.Result, f *fields) error {
	var one message
	text := f.value
	for _, other := range []gjson.Result{f.content, f.text} {
		if text.Type == gjson.Null && other.Exists() { // missing, or null as in Parquet, whose messages have all keys
			text = other
		}
	}
	if !text.Exists() {
		return fmt.Errorf("message %d has neither value, content nor text: %.60s", len(t.all), m.Raw)
	}
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "human", "user", "prompter":
		one = spoken("user", text)
	case "system", "developer":
		one = spoken("system", text)
	case "gpt", "assistant", "chatgpt", "gpt4", "gpt-4", "bing", "bard", "claude", "model", "bot", "ai", "chatbot":
		one = spoken("assistant", text)
	case "function_call", "function-call", "tool_call":
		one = t.call(text)
	case "observation", "tool", "function", "function_response", "function-response", "tool_response", "tool_result",
		"ipython":
		one = t.result(text)
	default:
		return fmt.Errorf("message %d: the speaker %.40q is not known: want human, gpt, system, function_call or observation",
			len(t.all), name)
	}
	if f.about {
		about := one
		if err := about.about(m); err != nil {
			return err
		}
		one.maxTokens, one.delayMs = about.maxTokens, about.delayMs
	}
	t.add(one)
	return nil
}

// add appends a message, unless it is empty.
func (t *talk) add(m message) {
	if m.empty() && !m.answer() {
		t.p.empty++
		return
	}
	t.all = append(t.all, m)
}

// known returns a message without the keys that no API accepts in it.
func (t *talk) known(m gjson.Result) json.RawMessage {
	raw := []byte{'{'}
	m.ForEach(func(key, v gjson.Result) bool {
		if !ofMessage(key.Str) && key.Str != "max_tokens" && key.Str != "delay_ms" && key.Str != "delay" {
			t.p.keys.add(key.Str)
			return true
		}
		if len(raw) > 1 {
			raw = append(raw, ',')
		}
		raw = append(append(append(raw, key.Raw...), ':'), v.Raw...)
		return true
	})
	return append(raw, '}')
}

// hasParts reports whether content has a non-text part.
func hasParts(v gjson.Result) (has bool) {
	if v.IsArray() {
		v.ForEach(func(_, part gjson.Result) bool {
			has = part.IsObject() && part.Get("type").Exists() && !part.Get("text").Exists()
			return !has
		})
	}
	return has
}

// spoken returns a message whose text is a JSON value.
func spoken(role string, v gjson.Result) message {
	if v.Type != gjson.String {
		if v.IsArray() || v.IsObject() {
			return message{role: role, text: contentText(v), parts: hasParts(v),
				raw: append(append(append(fastjson.AppendString([]byte(`{"role":`), role), `,"content":`...), v.Raw...), '}')}
		}
		return newMessage(role, v.String())
	}
	raw := fastjson.AppendString([]byte(`{"role":`), role)
	return message{role: role, text: v.Str, raw: append(append(append(raw, `,"content":`...), v.Raw...), '}')}
}

// about reads the options of the answer from a message.
func (m *message) about(v gjson.Result) (err error) {
	if n := v.Get("max_tokens"); n.Exists() && n.Type != gjson.Null {
		limit, err := tokenCount(n)
		if err != nil {
			return err
		}
		m.maxTokens = &limit
	}
	for _, d := range []struct {
		key  string
		unit float64
	}{{"delay_ms", 1}, {"delay", 1000}} {
		ms, err := delayMs(v.Get(d.key), d.unit)
		if err != nil {
			return fmt.Errorf("%s: %w", d.key, err)
		}
		m.delayMs += ms
	}
	for _, key := range []string{"max_tokens", "delay_ms", "delay"} {
		if err == nil && v.Get(key).Exists() {
			m.raw, err = sjson.DeleteBytes(m.raw, key)
		}
	}
	return err
}

// tokenCount parses the max_tokens of an answer.
func tokenCount(v gjson.Result) (int64, error) {
	if n := v.Num; v.Type == gjson.Number && n == math.Trunc(n) && n >= 1 && n < 1<<31 {
		return int64(n), nil
	}
	return 0, fmt.Errorf("max_tokens %.40s is not a number of tokens", v.Raw)
}

// maxDelayMs is the longest accepted delay in ms: a month.
const maxDelayMs = 31 * 24 * 3600 * 1000

// delayMs parses a number in units of unit ms, also as a string, or a string with its own unit such as "500ms".
func delayMs(v gjson.Result, unit float64) (ms float64, err error) {
	switch v.Type {
	case gjson.Null:
		return 0, nil
	case gjson.Number:
		ms = v.Num * unit
	case gjson.String:
		n, bad := strconv.ParseFloat(strings.TrimSpace(v.Str), 64)
		if ms = n * unit; bad != nil {
			d, bad := time.ParseDuration(strings.ReplaceAll(v.Str, " ", ""))
			if bad != nil {
				return 0, fmt.Errorf("%.40q is not a time: want a number, or one with a unit such as \"500ms\"", v.Str)
			}
			ms = float64(d) / float64(time.Millisecond)
		}
	default:
		return 0, fmt.Errorf("%.40s is not a time", v.Raw)
	}
	switch {
	case ms < 0:
		return 0, fmt.Errorf("a delay is negative: %.40s", v.Raw)
	case !(ms <= maxDelayMs):
		return 0, fmt.Errorf("a delay of more than a month: %.40s", v.Raw)
	}
	return ms, nil
}

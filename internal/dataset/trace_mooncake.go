package dataset

import (
	"errors"
	"slices"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
)

// looksMooncake detects lines of lengths, or of a prompt with a key that only traces have.
func looksMooncake(s *sample) bool {
	for _, v := range s.objects {
		switch {
		case v.Get("input_length").Exists() || v.Get("hash_ids").Exists():
			return true
		case !hasAny(v, "text_input", "input_text", "messages", "payload"):
		case hasAny(v, "output_length", "delay") || hasAny(v, "timestamp", "session_id") &&
			!hasAny(v, "method", "path", "url", "response"):
			return true
		}
	}
	return false
}

// mooncakeLine converts a line of Mooncake's traces, whose timestamps are in ms, or of aiperf's format of that name:
// it has the length of a prompt, the prompt, its messages, or a whole body. All other keys are optional.
func mooncakeLine(t *trace, v gjson.Result, it *Item) (keep bool, err error) {
	it.Length = t.mixed
	if id := v.Get("session_id"); id.Exists() {
		t.label(it, "session", id.String())
	}
	switch {
	case v.Get("input_length").Exists():
		return t.hashedItem(it, v, 1)
	case v.Get("payload").IsObject():
		it.Bare = true
		if it.Body, err = t.clean([]byte(v.Get("payload|@ugly").Raw)); err == nil {
			err = t.stamp(it, v, 1)
		}
		return true, err
	}
	n, err := optional(v, "output_length")
	if err != nil {
		return true, err
	}
	if n == 0 {
		t.skip(failed)
		return false, nil
	}
	if err := t.stamp(it, v, 1); err != nil {
		return true, err
	}
	if it.Own, err = mooncakeParams(v); err != nil {
		return true, err
	}
	it.Own = append(it.Own, ownMaxTokens(int(n))...)
	if messages := v.Get("messages"); messages.Exists() {
		if !isMessages(messages) {
			return true, errors.New("messages is not a list of messages with roles")
		}
		it.In = &api.Input{Messages: json.RawMessage(messages.Get("@ugly").Raw)}
		return true, nil
	}
	for _, key := range []string{"text_input", "input_text"} {
		if text := v.Get(key); text.Type == gjson.String {
			return (&prompts{o: &Options{Tokenizer: t.o.Tokenizer, TokenIDs: t.o.TokenIDs}}).put(it, text.Str)
		}
	}
	return true, errors.New("neither input_length, text_input, messages nor payload")
}

// mooncakeParams returns the tools and other parameters of the body.
func mooncakeParams(v gjson.Result) (own []api.Param, err error) {
	if tools := v.Get("tools"); tools.Exists() {
		raw, err := rowTools(tools)
		if err != nil {
			return nil, err
		}
		if raw != nil {
			own = append(own, api.Param{Key: "tools", Value: raw, Verbatim: true})
		}
	}
	v.Get("extra").ForEach(func(key, value gjson.Result) bool {
		if slices.Contains(gatewayKeys, key.Str) {
			return true
		}
		own = append(own, api.Param{Key: key.Str, Value: json.RawMessage(value.Get("@ugly").Raw), Verbatim: true})
		return true
	})
	return own, nil
}

// latest returns the messages after the last answer; those before it are in the history.
func latest(messages json.RawMessage) json.RawMessage {
	list := gjson.ParseBytes(messages).Array()
	for k := len(list) - 1; k >= 0; k-- {
		if list[k].Get("role").Str == "assistant" {
			list = list[k+1:]
			break
		}
	}
	out := []byte{'['}
	for k, m := range list {
		if k > 0 {
			out = append(out, ',')
		}
		out = append(out, m.Raw...)
	}
	return append(out, ']')
}

package request

import (
	"bytes"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
)

// ToolCounts counts what became of the results of tools when a request was joined to the reply before it.
type ToolCounts struct {
	Mapped int // name a call of the reply
	AsUser int // became messages of the user, because the reply has no call for them
	Empty  int // were added, because a call of the reply has no result
}

// call is a tool call of a reply.
type call struct {
	id, name string
	used     bool
}

func callsOf(reply json.RawMessage) (calls []call) {
	if !bytes.Contains(reply, []byte(`"tool_calls"`)) {
		return nil
	}
	for _, c := range gjson.GetBytes(reply, "tool_calls").Array() {
		calls = append(calls, call{id: c.Get("id").Str, name: c.Get("function.name").Str})
	}
	return calls
}

// Answers reports whether the reply has a call for each result of a tool among the messages of a body.
func (h *History) Answers(body json.RawMessage) bool {
	_, tools, err := h.Own(body)
	return err != nil || tools.AsUser == 0
}

// answer returns the messages of a body with the results of tools changed so that they name the calls of the reply. A
// result belongs to the first call of its own name that has none, or else to the first call that has none; results
// whose calls are among the messages themselves stay as they are. A server may refuse a result without a call and a
// call without a result: the first becomes a message of the user, the second gets an empty result.
func (h *History) answer(messages gjson.Result, own []byte) ([]byte, ToolCounts) {
	calls := append([]call(nil), h.calls...)
	declared, given := map[string]bool{}, map[string]string{}
	var out []byte
	var n ToolCounts
	leading := true
	fill := func() {
		for i := range calls {
			if !calls[i].used {
				calls[i].used = true
				n.Empty++
				out = append(append(out, `{"role":"tool","tool_call_id":`...), quote(calls[i].id)...)
				out = append(out, `,"content":""},`...)
			}
		}
	}
	messages.ForEach(func(_, m gjson.Result) bool {
		for _, c := range m.Get("tool_calls").Array() {
			declared[c.Get("id").Str] = true
		}
		id := m.Get("tool_call_id")
		isResult := m.Get("role").Str == "tool"
		if leading && !isResult {
			leading = false
			fill()
		}
		switch {
		case !isResult || declared[id.Str]:
			out = append(out, m.Raw...)
		default:
			real, ok := given[id.Str]
			if !ok {
				real, ok = take(calls, m.Get("name").Str)
			}
			if !ok {
				n.AsUser++
				out = append(out, asUser(m)...)
				break
			}
			n.Mapped++
			given[id.Str] = real
			out = append(out, withID(m, id, real)...)
		}
		out = append(out, ',')
		return true
	})
	if leading {
		fill()
	}
	if n == (ToolCounts{}) {
		return own, n
	}
	return bytes.TrimSuffix(out, []byte{','}), n
}

// take returns the id of the first unused call of that name, or else of the first unused call.
func take(calls []call, name string) (id string, ok bool) {
	at := -1
	for i := range calls {
		switch {
		case calls[i].used:
		case name != "" && calls[i].name == name:
			calls[i].used = true
			return calls[i].id, true
		case at < 0:
			at = i
		}
	}
	if at < 0 {
		return "", false
	}
	calls[at].used = true
	return calls[at].id, true
}

// asUser returns the result of a tool as a message of the user.
func asUser(m gjson.Result) []byte {
	content := m.Get("content").Raw
	if content == "" || content == "null" {
		content = `""`
	}
	return append(append([]byte(`{"role":"user","content":`), content...), '}')
}

// withID returns a message with another tool_call_id.
func withID(m, old gjson.Result, id string) []byte {
	if !old.Exists() {
		return append(append(append([]byte(`{"tool_call_id":`), quote(id)...), ','), bytes.TrimSpace([]byte(m.Raw))[1:]...)
	}
	at := old.Index - m.Index
	return append(append([]byte(m.Raw[:at]), quote(id)...), m.Raw[at+len(old.Raw):]...)
}

func quote(s string) []byte { return fastjson.AppendString(nil, s) }

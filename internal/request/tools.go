package request

import (
	"bytes"
	"slices"

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
	form     form
	used     bool
}

// form is where an API has a call of a tool and its result.
type form uint8

const (
	inMessage form = iota // OpenAI's chat: the member tool_calls of a message, and a message with the result
	inBlock               // Anthropic: blocks of the content of messages
	inItem                // OpenAI's Responses: items of the list of messages
)

func callsOf(reply json.RawMessage) (calls []call) {
	if bytes.Contains(reply, []byte(`"tool_calls"`)) {
		for _, c := range gjson.GetBytes(reply, "tool_calls").Array() {
			calls = append(calls, call{id: c.Get("id").Str, name: c.Get("function.name").Str})
		}
	}
	if bytes.Contains(reply, []byte(`"tool_use"`)) {
		for _, c := range blocksOf(gjson.ParseBytes(reply), "tool_use") {
			calls = append(calls, call{id: c.Get("id").Str, name: c.Get("name").Str, form: inBlock})
		}
	}
	if bytes.HasPrefix(reply, []byte{'['}) {
		for _, item := range gjson.ParseBytes(reply).Array() {
			if isCall(item) {
				calls = append(calls, call{id: item.Get("call_id").Str, name: item.Get("name").Str, form: inItem})
			}
		}
	}
	return calls
}

// hasResults reports whether messages may have results of tools.
func hasResults(messages []byte) bool {
	for _, mark := range [...]string{`"tool_call_id"`, `"tool_result"`, `_call_output"`} {
		if bytes.Contains(messages, []byte(mark)) {
			return true
		}
	}
	return false
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
	a := answering{calls: append([]call(nil), h.calls...), declared: map[string]bool{}, given: map[string]string{}}
	leading := true
	messages.ForEach(func(_, m gjson.Result) bool {
		a.declare(m)
		isResult, isItem := m.Get("role").Str == "tool", isOutput(m)
		blocks := m.Get("role").Str == "user" && (leading && a.waits(inBlock) || len(blocksOf(m, "tool_result")) > 0)
		if leading && !isResult && !isItem {
			leading = false
			a.fill(blocks)
		}
		switch {
		case blocks:
			a.out = append(a.out, a.inBlocks(m)...)
		case isResult:
			a.out = append(a.out, a.result(m, "tool_call_id", asUser)...)
		case isItem:
			a.out = append(a.out, a.result(m, "call_id", asUser)...)
		default:
			a.out = append(a.out, m.Raw...)
		}
		a.out = append(a.out, ',')
		return true
	})
	if leading {
		a.fill(false)
	}
	if a.n == (ToolCounts{}) {
		return own, a.n
	}
	return bytes.TrimSuffix(a.out, []byte{','}), a.n
}

// answering is the state of answer.
type answering struct {
	calls    []call
	declared map[string]bool   // ids of calls among the messages themselves
	given    map[string]string // ids of calls of the reply by those that stood in their place
	out      []byte
	n        ToolCounts
}

func (a *answering) declare(m gjson.Result) {
	for _, c := range m.Get("tool_calls").Array() {
		a.declared[c.Get("id").Str] = true
	}
	for _, c := range blocksOf(m, "tool_use") {
		a.declared[c.Get("id").Str] = true
	}
	if isCall(m) {
		a.declared[m.Get("call_id").Str] = true
	}
}

// waits reports whether a call of that form has no result yet.
func (a *answering) waits(f form) bool {
	return slices.ContainsFunc(a.calls, func(c call) bool { return !c.used && c.form == f })
}

// result returns a result of a tool, which names its call by the member key. Without a call, other returns what stands
// for it.
func (a *answering) result(m gjson.Result, key string, other func(gjson.Result) []byte) []byte {
	id := m.Get(key)
	if a.declared[id.Str] {
		return []byte(m.Raw)
	}
	real, ok := a.given[id.Str]
	if !ok {
		real, ok = take(a.calls, m.Get("name").Str)
	}
	if !ok {
		a.n.AsUser++
		return other(m)
	}
	a.n.Mapped++
	a.given[id.Str] = real
	if isOutput(m) {
		return itemResult(m, real)
	}
	return withID(m, key, id, real)
}

// fill appends messages with an empty result for each call without one, except blocks that have a message to stand in.
func (a *answering) fill(blocks bool) {
	for i := range a.calls {
		switch c := &a.calls[i]; {
		case c.used || c.form == inBlock:
		case c.form == inItem:
			a.empty(c)
			a.out = append(a.out, `{"type":"function_call_output","call_id":`...)
			a.out = append(append(a.out, quote(c.id)...), `,"output":""},`...)
		default:
			a.empty(c)
			a.out = append(append(a.out, `{"role":"tool","tool_call_id":`...), quote(c.id)...)
			a.out = append(a.out, `,"content":""},`...)
		}
	}
	if !blocks && a.waits(inBlock) {
		a.out = append(append(a.out, `{"role":"user","content":[`...), a.emptyBlocks()...)
		a.out = append(a.out, "]},"...)
	}
}

func (a *answering) empty(c *call) {
	c.used = true
	a.n.Empty++
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
	member := "content"
	if isOutput(m) {
		member = "output"
	}
	return append(append([]byte(`{"role":"user","content":`), contentOf(m, member)...), '}')
}

// withID returns a result with another id of its call.
func withID(m gjson.Result, key string, old gjson.Result, id string) []byte {
	if !old.Exists() {
		head := append(append(append([]byte{'{'}, quote(key)...), ':'), quote(id)...)
		return append(append(head, ','), bytes.TrimSpace([]byte(m.Raw))[1:]...)
	}
	at := old.Index - m.Index
	return append(append([]byte(m.Raw[:at]), quote(id)...), m.Raw[at+len(old.Raw):]...)
}

func quote(s string) []byte { return fastjson.AppendString(nil, s) }

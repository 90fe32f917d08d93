package request

import (
	"bytes"

	"github.com/tidwall/gjson"
)

// Anthropic's messages have calls and results of tools as blocks of their content. All results stand at the beginning
// of the one message of the user that follows the calls.

// blocksOf returns the blocks of a type that the content of a message has.
func blocksOf(m gjson.Result, kind string) (blocks []gjson.Result) {
	content := m.Get("content")
	if !content.IsArray() {
		return nil
	}
	for _, b := range content.Array() {
		if b.Get("type").Str == kind {
			blocks = append(blocks, b)
		}
	}
	return blocks
}

// inBlocks returns a message of the user whose results name the calls of the reply, with empty ones for the other
// calls. A result without a call becomes text.
func (a *answering) inBlocks(m gjson.Result) []byte {
	before := a.n
	var results, rest []byte
	content := m.Get("content")
	if content.IsArray() {
		for _, b := range content.Array() {
			if b.Get("type").Str != "tool_result" {
				rest = append(append(rest, b.Raw...), ',')
				continue
			}
			unmatched := a.n.AsUser
			block := append(a.result(b, "tool_use_id", asBlocks), ',')
			if a.n.AsUser > unmatched {
				rest = append(rest, block...)
			} else {
				results = append(results, block...)
			}
		}
	} else if content.Str != "" {
		rest = append(append(append(rest, `{"type":"text","text":`...), content.Raw...), "},"...)
	}
	if a.waits(inBlock) {
		results = append(append(results, a.emptyBlocks()...), ',')
	}
	if a.n == before {
		return []byte(m.Raw)
	}
	all := bytes.TrimSuffix(append(results, rest...), []byte{','})
	if !content.Exists() {
		return append(append([]byte(`{"role":"user","content":[`), all...), "]}"...)
	}
	at := content.Index - m.Index
	out := append(append([]byte(m.Raw[:at]), '['), all...)
	return append(append(out, ']'), m.Raw[at+len(content.Raw):]...)
}

// emptyBlocks returns an empty result for each call without one.
func (a *answering) emptyBlocks() (blocks []byte) {
	for i := range a.calls {
		if c := &a.calls[i]; !c.used && c.form == inBlock {
			a.empty(c)
			blocks = append(append(blocks, `{"type":"tool_result","tool_use_id":`...), quote(c.id)...)
			blocks = append(blocks, `,"content":""},`...)
		}
	}
	return bytes.TrimSuffix(blocks, []byte{','})
}

// asBlocks returns the content of a result as blocks of the user's own. A block of text must not be empty.
func asBlocks(result gjson.Result) []byte {
	content := result.Get("content")
	if content.IsArray() && len(content.Array()) > 0 {
		list := bytes.TrimSpace([]byte(content.Raw))
		return bytes.TrimSpace(list[1 : len(list)-1])
	}
	text := content.Raw
	if content.Type != gjson.String || content.Str == "" {
		text = `"…"`
	}
	return append(append([]byte(`{"type":"text","text":`), text...), '}')
}

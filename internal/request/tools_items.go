package request

import (
	"strings"

	"github.com/tidwall/gjson"
)

// OpenAI's Responses API has calls and results of tools as items of the list that its messages are in, too.

// isCall reports whether an item is a call of a tool that the client runs.
func isCall(item gjson.Result) bool {
	return strings.HasSuffix(item.Get("type").Str, "_call") && item.Get("call_id").Exists()
}

// isOutput reports whether an item is the result of such a call.
func isOutput(item gjson.Result) bool { return strings.HasSuffix(item.Get("type").Str, "_call_output") }

// itemResult returns a result as that of a call of a function, the only kind of call that a reply in a history has.
func itemResult(item gjson.Result, id string) []byte {
	out := append([]byte(`{"type":"function_call_output","call_id":`), quote(id)...)
	return append(append(append(out, `,"output":`...), contentOf(item, "output")...), '}')
}

// contentOf returns a member of a result, or an empty text if there is none.
func contentOf(result gjson.Result, member string) string {
	if content := result.Get(member).Raw; content != "" && content != "null" {
		return content
	}
	return `""`
}

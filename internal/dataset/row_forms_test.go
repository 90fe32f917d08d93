package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"perfpipe/internal/dataset/body"
)

// What rows have beside or within their messages is sent, or what is not is said.
func TestRowForms(t *testing.T) {
	for _, c := range []struct {
		dataset, row, want string
		said               []string
	}{
		{"share_gpt_en", `{"conversations":[{"from":"human","content":"a"}]}`,
			`{"messages":[{"role":"user","content":"a"}]}`, nil},
		{"share_gpt_en", `{"conversations":[{"from":"human","value":null,"text":"a"},{"from":"gpt","value":null}]}`,
			`{"messages":[{"role":"user","content":"a"}]}`, nil},
		{"custom_multi_turn", `{"messages":[{"role":"user","value":"a"},{"role":"assistant","value":"b"}]}`,
			`{"turns":[{"body":{"messages":[{"role":"user","content":"a"}]}}]}`, nil},
		{"custom_multi_turn", `[{"from":"human","words":"a"}]`,
			`f.jsonl:1: message 0 has neither value, content nor text: {"from":"human","words":"a"}`, nil},
		{"share_gpt_en", `{"system_prompt":"s","conversations":[{"from":"human","value":"a"}]}`,
			`{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"}]}`, nil},
		{"share_gpt_en", `{"conversations":[{"from":"human","value":"a"}],"max_completion_tokens":9,"n":2,"min_p":0.1,` +
			`"do_sample":true,"options":["a"],"stream":null}`,
			`{"messages":[{"role":"user","content":"a"}],"max_tokens":9,"n":2,"min_p":0.1}`,
			[]string{"parameters of rows that are not sent: do_sample"}},
		{"share_gpt_en", `{"conversations":[{"from":"human","value":"a"}],"n":"7b","stream":"x","thinking":"hm"}`,
			`{"messages":[{"role":"user","content":"a"}]}`, nil},
		{"line_by_line", `{"conversations":[{"from":"human","value":"<image>\na"}],"image":"x.png","videos":[]}`,
			`{"messages":[{"role":"user","content":"<image>\na"}]}`,
			[]string{"images, videos and sounds beside the messages are not sent: rows that have some: 1"}},
		{"line_by_line", `{"messages":[{"role":"user","content":"a"},{"content":"\"role\":\"user\"","role" : "assistant"}]}`,
			`{"messages":[{"role":"user","content":"a"},{"content":"\"role\":\"user\"","role" : "assistant"}]}`,
			[]string{"1 bodies end in an answer of the assistant, which is sent with them"}},
		{"line_by_line", `[{"role":"user","content":"a"},{"role":"assistant","content":"b","prefix":true}]`,
			`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","prefix":true}]}`, nil},
		{"line_by_line", `[{"type":"system","content":"s"},{"type":"human","content":"a"},{"type":"ai","content":"b"}]`,
			`{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"}]}`, nil},
		{"custom_multi_turn", `{"messages":[[{"lc":1,"type":"constructor","id":["schema","HumanMessage"],"kwargs":{"content":"a"}},` +
			`{"lc":1,"type":"constructor","id":["schema","AIMessage"],"kwargs":{"content":"","tool_calls":[{"id":"c","name":"f",` +
			`"args":{"b":1}}]}},{"lc":1,"type":"constructor","id":["schema","ToolMessage"],"kwargs":{"content":"r",` +
			`"tool_call_id":"c"}}]]}`,
			`{"turns":[{"body":{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"","tool_calls":` +
				`[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"b\":1}"}}]},{"role":"tool","content":"r",` +
				`"tool_call_id":"c"}]}}]}`, nil},
		{"line_by_line", `[{"type":"human","data":{"content":"a"}},{"type":"ai","data":{"content":"","additional_kwargs":` +
			`{"tool_calls":[{"id":"c"}]}}},{"type":"tool","data":{"content":"r","tool_call_id":"c"}}]`,
			`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"","tool_calls":[{"id":"c"}]},` +
				`{"role":"tool","content":"r","tool_call_id":"c"}]}`, nil},
		{"line_by_line", `"\ud800 \ud83d\ude00"`, "{\"messages\":[{\"role\":\"user\",\"content\":\"\uFFFD \U0001F600\"}]}",
			[]string{"prompts with U+FFFD, which stands for what is not Unicode, such as half of a surrogate pair: 1"}},
	} {
		var said []string
		lines, errs := gather(t, c.dataset, &Options{Paths: []string{write(t, "f.jsonl", c.row)}, Number: All,
			Tell: func(_, _, format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }}, &body.Shape{})
		got := ""
		switch {
		case len(lines) == 1 && errs == nil:
			got = lines[0]
		case len(errs) == 1:
			got = filepath.Base(errs[0].Error())
		}
		if got != c.want || !slices.Equal(said, c.said) {
			t.Errorf("%s: %s, %q, want %s, %q", c.row, got, said, c.want, c.said)
		}
	}
}

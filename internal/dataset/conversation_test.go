package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/body"
)

// contents are the messages of each request, of conversations those of all turns, with a bar between.
func contents(lines []string) (all []string) {
	for _, line := range lines {
		v := gjson.Parse(line)
		turns := v.Get("turns.#.body").Array()
		if len(turns) == 0 {
			turns = []gjson.Result{v}
		}
		var said []string
		for _, body := range turns {
			var one []string
			for _, m := range body.Get("messages").Array() {
				text := m.Get("role").Str + ":" + contentText(m.Get("content"))
				if id := m.Get("tool_call_id"); id.Exists() {
					text += "<" + id.Str
				}
				for _, c := range m.Get("tool_calls").Array() {
					text += c.Get("function.name").Str + c.Get("function.arguments").Str + ">" + c.Get("id").Str
				}
				one = append(one, text)
			}
			said = append(said, strings.Join(one, " "))
		}
		all = append(all, strings.Join(said, " | "))
	}
	return all
}

func TestConversationForms(t *testing.T) {
	long := strings.Repeat("x", 70<<10)
	for _, c := range []struct {
		name, dataset, file string
		want                []string
	}{
		{"a first key near or far", "share_gpt_en",
			`[{"conversations":[{"role":"user","content":"a"}]},{"conversations":[{"role":"user","content":"b"}]}]`,
			[]string{"user:a", "user:b"}},
		{"with a line feed", "share_gpt_en", `[{"conversations":[{"role":"user","content":"a"}]},` +
			`{"conversations":[{"role":"user","content":"b"}]}]` + "\n", []string{"user:a", "user:b"}},
		{"far", "share_gpt_en", `[{"id":"` + long + `","conversations":[{"role":"user","content":"a"}]}]`,
			[]string{"user:a"}},
		{"one conversation, the role far", "custom_multi_turn", `[{"content":"` + long + `","role":"user"}]`,
			[]string{"user:" + long}},
		{"conversations, one a line", "custom_multi_turn", `[{"content":"` + long + `","role":"user"}]` + "\n" +
			`[{"role":"user","content":"b"}]`, []string{"user:" + long, "user:b"}},
		{"one conversation, pretty", "custom_multi_turn", "[\n {\n  \"role\": \"user\",\n  \"content\": \"a\"\n }\n]\n",
			[]string{"user:a"}},
		{"rows, pretty", "share_gpt_en", "[\n {\"id\": 1,\n \"conversations\": [\n {\"from\": \"human\", \"value\": " +
			"\"a\"}]}\n]", []string{"user:a"}},
		{"lists of lists", "custom_multi_turn", `[[{"role":"user","content":"a"}],[{"role":"user","content":"b"}]]`,
			[]string{"user:a", "user:b"}},
		{"arrays behind arrays", "share_gpt_en", `[{"conversations":[{"from":"human","value":"a"}]}]` + "\n" +
			`[{"conversations":[{"from":"user","value":"b"}]}]`, []string{"user:a", "user:b"}},

		{"calls of tools", "custom_multi_turn",
			`{"messages":[{"role":"user","content":"w?"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1",` +
				`"type":"function","function":{"name":"w","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1",` +
				`"content":"21"},{"role":"assistant","content":"21 deg"},{"role":"user","content":"thanks"}]}`,
			[]string{"user:w? assistant:w{}>c1 tool:21<c1 | user:thanks"}},
		{"ShareGPT's calls", "share_gpt_en_multi_turn",
			`{"conversations":[{"from":"human","value":"w?"},{"from":"function_call","value":"{\"name\": \"w\", ` +
				`\"arguments\": {\"at\": \"x\"}}"},{"from":"observation","value":"{\"t\": 21}"},{"from":"gpt","value":"21 deg"},` +
				`{"from":"human","value":"thanks"}]}`,
			[]string{`user:w? assistant:w{"at":"x"}>call_0 tool:{"t": 21}<call_0 | user:thanks`}},
		{"two calls at once", "share_gpt_en",
			`{"conversations":[{"from":"human","value":"w?"},{"from":"function_call","value":"[{\"name\":\"a\",` +
				`\"arguments\":{}},{\"name\":\"b\",\"arguments\":\"{}\"}]"},{"from":"tool","value":"1"},{"from":"tool",` +
				`"value":"2"}]}`,
			[]string{"user:w? assistant:a{}>call_0b{}>call_1 tool:1<call_0 tool:2<call_1"}},
		{"a call in prose", "share_gpt_en", `{"conversations":[{"from":"human","value":"w?"},{"from":"function_call",` +
			`"value":"call w"},{"from":"observation","value":"1"}]}`,
			[]string{"user:w? assistant:call w tool:1"}},
		{"roles by other names", "custom_multi_turn",
			`[{"role":"human","content":"a"},{"role":"gpt","content":"b"},{"role":"human","content":"c"}]`,
			[]string{"user:a | user:c"}},
		{"turns of MT-Bench", "line_by_line", `{"question_id":81,"turns":["a","b"],"reference":["x"]}`,
			[]string{"user:a | user:b"}},
		{"turns of aiperf", "custom_multi_turn", `{"session_id":"s","turns":[{"text":"a"},{"text":"b","delay":500}]}`,
			[]string{"user:a | user:b"}},
		{"empty turns", "share_gpt_en_multi_turn",
			`{"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"},{"from":"human","value":" "},` +
				`{"from":"gpt","value":"c"},{"from":"human","value":"d"}]}`, []string{"user:a | user:d"}},
		{"empty answers", "share_gpt_en", `{"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":""},` +
			`{"from":"human","value":"d"}]}`, []string{"user:a user:d"}},
		{"content in parts", "share_gpt_en", `[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text",` +
			`"text":"b"}]}]`, []string{"user:ab"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines, errs := gather(t, c.dataset, &Options{Paths: []string{write(t, "a.json", c.file)}, Number: All},
				&body.Shape{})
			if got := contents(lines); errs != nil || !slices.Equal(got, c.want) {
				t.Errorf("got  %.300q\nwant %.300q\n%v", got, c.want, errs)
			}
			for _, line := range lines {
				if strings.ContainsAny(line, "\n\r") {
					t.Errorf("more than one line: %.200q", line)
				}
			}
		})
	}
}

func TestConversationParts(t *testing.T) {
	for _, c := range []struct{ name, file, path, want string }{
		{"tools", `{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"w"}}],` +
			`"id":"x","score":1}`,
			"turns.0.body.tools|@ugly", `[{"type":"function","function":{"name":"w"}}]`},
		{"tools as text, without a type", `{"messages":[{"role":"user","content":"a"}],"tools":"[{\"name\": \"w\", ` +
			`\"parameters\": {}}]"}`,
			"turns.0.body.tools|@ugly", `[{"type":"function","function":{"name":"w","parameters":{}}}]`},
		{"tools of each turn", `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},` +
			`{"role":"user","content":"c"}],"tools":[{"name":"w"}]}`,
			"turns.1.body.tools.0.function.name", `"w"`},
		{"nothing that was not asked for", `{"messages":[{"role":"user","content":"a","weight":1}],"id":"x","score":1}`,
			"turns.0.body|@ugly", `{"messages":[{"role":"user","content":"a"}]}`},
		{"sampling", `{"messages":[{"role":"user","content":"a"}],"temperature":0.3}`, "turns.0.body.temperature", `0.3`},
		{"an answer's length", `{"messages":[{"role":"user","content":"a","max_tokens":7}],"max_tokens":9}`,
			"turns.0.body.max_tokens", `7`},
		{"a delay in ms", `[{"role":"user","content":"a"},{"role":"user","content":"b","delay_ms":"500ms"}]`,
			"turns.0.delay_ms", `500`},
		{"a delay as a text", `[{"role":"user","content":"a","delay_ms":"500"}]`, "turns.0.delay_ms", `500`},
		{"a delay in seconds", `[{"role":"user","content":"a","delay":0.5}]`, "turns.0.delay_ms", `500`},
		{"a delay with its unit", `[{"role":"user","content":"a","delay":"1m"}]`, "turns.0.delay_ms", `60000`},
		{"Anthropic's call of a tool", `{"messages":[{"role":"user","content":"w"},{"role":"assistant",` +
			`"content":[{"type":"tool_use","id":"t"}]},` +
			`{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"9"}]},{"role":"assistant",` +
			`"content":"ok"}]}`,
			"turns.0.body.messages.1.content.0.id", `"t"`},
		{"aiperf's delay", `{"turns":[{"text":"a"},{"text":"b","delay":500}]}`, "turns.1.delay_ms", `500`},
		{"ShareGPT's delay", `[{"from":"human","value":"a","delay":"250 ms"}]`, "turns.0.delay_ms", `250`},
	} {
		lines, errs := gather(t, "custom_multi_turn", &Options{Paths: []string{write(t, "a.jsonl", c.file)}, Number: All},
			&body.Shape{})
		if errs != nil || len(lines) != 1 || gjson.Get(lines[0], c.path).Raw != c.want {
			t.Errorf("%s: %s\nwant %s %s\n%v", c.name, lines, c.path, c.want, errs)
		}
	}
}

func TestConversationErrors(t *testing.T) {
	for file, want := range map[string]string{
		`[{"from":"narrator","value":"a"}]`:                         `speaker "narrator" is not known`,
		`[{"role":"user","content":"a"},{"role":"","content":"b"}]`: `speaker "" is not known`,
		`[{"role":"user","content":"a","delay":"soon"}]`:            `"soon" is not a time`,
		`[{"role":"user","content":"a","delay_ms":-5}]`:             `a delay is negative`,
		`[{"role":"user","content":"a","delay":1e300}]`:             `a delay of more than a month`,
		`[{"role":"user","content":"a","delay":"NaN"}]`:             `a delay of more than a month`,
		`[{"role":"user","content":"a","max_tokens":"x"}]`:          `max_tokens "x" is not a number of tokens`,
		`{"messages":[{"role":"user","content":"a"}],"tools":"x"}`:  `tools is neither a list`,
	} {
		_, errs := gather(t, "custom_multi_turn", &Options{Paths: []string{write(t, "a.jsonl", file)}, Number: All},
			&body.Shape{})
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), want) {
			t.Errorf("%s: %v, want %s", file, errs, want)
		}
	}
}

// What is left out is counted once, for the reason that is true, however often the data is given.
func TestConversationsLeftOut(t *testing.T) {
	file := `{"messages":[{"role":"system","content":"s"}]}
{"messages":[{"role":"assistant","content":"s"}]}
{"messages":[{"role":"user","content":"long enough"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}
{"messages":[{"role":"user","content":"too short by far"}]}
{"messages":[{"role":"user","content":"x"}]}
{"messages":[{"role":"user","content":[{"type":"text","text":"12345"},{"type":"text","text":"67890"}]},` +
		`{"role":"assistant","content":"b"},{"role":"user","content":""},{"role":"user","content":"c"}]}
`
	var said []string
	o := &Options{Paths: []string{write(t, "a.jsonl", file)}, Number: 5, MinPrompt: ptr(10), MinTurns: 2,
		Tell: func(setting, _, format string, args ...any) {
			said = append(said, fmt.Sprintf(setting+": "+format, args...))
		}}
	lines, errs := gather(t, "custom_multi_turn", o, &body.Shape{})
	want := []string{"min-prompt-length: 1 prompts left out: fewer than 10 characters",
		": 2 conversations left out: no message of a user",
		"min-turns: 1 conversations left out: fewer than 2 turns", ": 1 empty messages left out"}
	said = slices.DeleteFunc(said, func(s string) bool { return !strings.Contains(s, "left out") })
	if errs != nil || len(lines) != 5 || !slices.Equal(said, want) {
		t.Errorf("%d lines\nsaid %q\nwant %q\n%v", len(lines), said, want, errs)
	}
}

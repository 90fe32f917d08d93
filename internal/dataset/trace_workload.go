package dataset

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
)

// workloadLine converts a line of evalscope's workload_trace.
func workloadLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	l := objectOf(v)
	ms, err := timeMs(l.get("timestamp"))
	if err != nil {
		return true, fmt.Errorf("timestamp: %w", err)
	}
	body := embedded(l.get("body"))
	if !body.IsObject() {
		return true, errors.New("body is not a JSON object")
	}
	t.body = append(t.body[:0], body.Raw...)
	if t.members, err = fastjson.AppendMembers(t.members[:0], t.body); err != nil {
		return true, err
	}
	if !t.o.anyBody && !hasShape(t.members) {
		return true, notBody(body)
	}
	if err = t.take(it); err != nil {
		return true, err
	}
	it.Bare = true
	l.get("headers").ForEach(func(name, value gjson.Result) bool {
		t.header(it, name.Str, value.String())
		return true
	})
	it.Line.ID = l.get("request_id").String()
	t.at(it, ms)
	if t.o.Args == nil {
		return true, nil
	}
	args := gjson.ParseBytes(t.o.Args)
	it.Members = nil // the model may be added below
	model := gjson.GetBytes(it.Body, "model").Str
	if to := args.Get("model_mapping").Get(gjson.Escape(model)); model != "" && to.Exists() {
		it.Body, err = sjson.SetBytes(it.Body, "model", to.Str)
	}
	if to := args.Get("model_override"); to.Exists() && err == nil {
		it.Body, err = sjson.SetBytes(it.Body, "model", to.Str)
	}
	if n := l.get("completion_tokens").Int(); n > 0 && args.Get("match_output_length").Bool() && err == nil &&
		anyLength(it.Body) {
		it.Own = append(ownMaxTokens(int(n)), api.Param{Key: "ignore_eos", Value: []byte("true")})
	}
	return true, err
}

// anyLength reports whether the answer may have any length: it need not be JSON or a tool call.
func anyLength(body []byte) bool {
	choice := gjson.GetBytes(body, "tool_choice")
	return !strings.HasPrefix(gjson.GetBytes(body, "response_format.type").Str, "json") && !choice.IsObject() &&
		choice.Str != "required"
}

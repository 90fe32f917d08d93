package body

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/fault"
)

// fillTemplate inserts the content of a body into the template: a text in the place of %p, anything else under its
// keys.
func (s *Shape) fillTemplate(body json.RawMessage, text bool) (json.RawMessage, error) {
	if text && !s.TokenIDs && bytes.Contains(s.Template, mark) {
		template, err := s.Template, error(nil)
		if s.later {
			template, err = onlyPrompts(template)
		}
		return bytes.ReplaceAll(template, mark, []byte(markText)), err
	}
	filled, err := s.Template, error(nil)
	gjson.ParseBytes(body).ForEach(func(key, value gjson.Result) bool {
		path := gjson.Escape(key.String())
		if n := len(gjson.GetBytes(filled, path).Array()); n > 1 && path == "messages" {
			s.once("the messages of the data replace the %d of the template", n)
		}
		filled, err = sjson.SetRawBytes(filled, path, []byte(value.Raw))
		return err == nil
	})
	gjson.ParseBytes(s.Template).ForEach(func(key, value gjson.Result) bool {
		if strings.Contains(value.Raw, "%p") && !gjson.GetBytes(body, gjson.Escape(key.String())).Exists() {
			err = fault.Invalid("query-template", "", "%%p in %q stands for a text, and a request has none", key.Str)
		}
		return err == nil
	})
	return filled, err
}

var mark = []byte("%p")

// onlyPrompts returns a template without the messages that do not contain the prompt: the history has them already.
func onlyPrompts(template json.RawMessage) (json.RawMessage, error) {
	messages := gjson.GetBytes(template, "messages")
	if !messages.IsArray() {
		return template, nil
	}
	kept := []byte{'['}
	for _, m := range messages.Array() {
		if !strings.Contains(m.Raw, "%p") {
			continue
		}
		if len(kept) > 1 {
			kept = append(kept, ',')
		}
		kept = append(kept, m.Raw...)
	}
	return sjson.SetRawBytes(template, "messages", append(kept, ']'))
}

// ParseTemplate parses a query template: a JSON object in whose strings %m stands for the model and %p for the prompt.
func ParseTemplate(text []byte, models []Model) (json.RawMessage, error) {
	if err := checkObject(text); err != nil {
		return nil, err
	}
	one := []byte(gjson.GetBytes(text, "@ugly").Raw)
	switch {
	case !bytes.Contains(one, []byte("%m")):
	case len(models) == 0:
		return nil, ErrNoModel
	case len(models) > 1:
		return nil, errors.New("%m stands for one model, and several are named: leave it out, and model is set")
	default:
		one = bytes.ReplaceAll(one, []byte("%m"), fastjson.AppendEscaped(nil, models[0].Name))
	}
	return one, nil
}

// ErrNoModel is the error of a template with %m if no model is named.
var ErrNoModel = errors.New("%m stands for the model, and none is named")

// checkObject returns an error if text is not a JSON object.
func checkObject(text []byte) error {
	var o map[string]json.RawMessage
	if err := json.Unmarshal(text, &o); err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	members, err := fastjson.AppendMembers(nil, text)
	if err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	return members.Distinct()
}

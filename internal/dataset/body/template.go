package body

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/fastjson"
)

// fillTemplate inserts the content of a body into the template: a text in the place of %p, anything else under its
// keys.
func (s *Shape) fillTemplate(body json.RawMessage, text bool) (json.RawMessage, error) {
	if text && !s.TokenIDs && bytes.Contains(s.Template, []byte("%p")) {
		return bytes.ReplaceAll(s.Template, []byte("%p"), []byte(markText)), nil
	}
	filled, err := s.Template, error(nil)
	gjson.ParseBytes(body).ForEach(func(key, value gjson.Result) bool {
		filled, err = sjson.SetRawBytes(filled, gjson.Escape(key.String()), []byte(value.Raw))
		return err == nil
	})
	return filled, err
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
	return nil
}

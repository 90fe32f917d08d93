package dataset

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
)

// sageMakerLine converts a record of SageMaker's data capture.
func sageMakerLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	in := v.Get("captureData.endpointInput")
	if !in.Exists() {
		return true, errors.New("a record without captureData.endpointInput")
	}
	data := in.Get("data").Str
	switch encoding := in.Get("encoding").Str; encoding {
	case "JSON":
	case "BASE64", "":
		raw, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return true, fmt.Errorf("captureData.endpointInput.data: %w", err)
		}
		data = string(raw)
	default:
		t.skip(noCall)
		return false, nil
	}
	body := gjson.Parse(data)
	if !gjson.Valid(data) || !body.IsObject() {
		t.skip(noCall)
		return false, nil
	}
	t.body = append(t.body[:0], data...)
	var err error
	if t.members, err = fastjson.AppendMembers(t.members[:0], t.body); err != nil {
		return true, err
	}
	if !t.o.anyBody && !hasShape(t.members) {
		t.skip(noCall)
		return false, nil
	}
	if err = t.take(it); err != nil {
		return true, err
	}
	it.Bare = true
	it.Line.ID = v.Get("eventMetadata.eventId").String()
	ms, err := timeMs(v.Get("eventMetadata.inferenceTime"))
	if err != nil {
		return true, fmt.Errorf("eventMetadata.inferenceTime: %w", err)
	}
	t.at(it, ms)
	return true, nil
}

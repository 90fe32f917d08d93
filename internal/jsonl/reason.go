package jsonl

import (
	stdjson "encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/goccy/go-json"
)

// Reason returns a decoder's error in terms of JSON: it names the member and its JSON type instead of Go's types.
func Reason(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return mismatch(wrong.Struct, wrong.Field, wrong.Value, wrong.Type)
	}
	if wrong, ok := errors.AsType[*stdjson.UnmarshalTypeError](err); ok {
		return mismatch(wrong.Struct, wrong.Field, wrong.Value, wrong.Type)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "json: ") {
		return err
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

func mismatch(structure, field, value string, wanted reflect.Type) error {
	field = strings.TrimPrefix(strings.TrimPrefix(field, structure), ".")
	if field == "" {
		field = "it"
	}
	switch value, _, _ = strings.Cut(value, " "); value { // the number itself may follow
	case "number":
		value = "a number"
		if wanted != nil && wanted.Kind() >= reflect.Int && wanted.Kind() <= reflect.Uint64 {
			value = "no whole number, or too great a one"
		}
	case "array":
		value = "a list"
	case "object":
		value = "an object"
	case "bool":
		value = "true or false"
	default:
		value = "a " + value
	}
	return errors.New(field + " is " + value)
}

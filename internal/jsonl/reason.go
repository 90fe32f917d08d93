package jsonl

import (
	stdjson "encoding/json"
	"errors"
	"strings"

	"github.com/goccy/go-json"
)

// Reason returns a decoder's error without the names of Go's types: which member is of which JSON type.
func Reason(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return mismatch(wrong.Struct, wrong.Field, wrong.Value)
	}
	if wrong, ok := errors.AsType[*stdjson.UnmarshalTypeError](err); ok {
		return mismatch(wrong.Struct, wrong.Field, wrong.Value)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "json: ") {
		return err
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

func mismatch(structure, field, value string) error {
	field = strings.TrimPrefix(strings.TrimPrefix(field, structure), ".")
	if field == "" {
		field = "it"
	}
	switch value, _, _ = strings.Cut(value, " "); value { // of a number all of it may follow
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

package dataset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"llmperf/internal/request"
)

// isBody reports whether an object is the body of a request to a known API.
func isBody(v gjson.Result) bool {
	var buf [24]request.Member
	all, err := request.AppendMembers(buf[:0], []byte(v.Raw))
	return err == nil && isBodyOf(all)
}

// isBodyOf reports whether members are those of a body: they have the keys of a known API's with values of their types,
// and none that only rows of data have.
func isBodyOf(all request.Members) bool {
	shaped := false
	for i := range all {
		name, value := all[i].Name, all[i].Value
		text, list := value[0] == '"', value[0] == '['
		switch string(name) {
		case "messages":
			shaped = shaped || list && areMessages(value)
		case "prompt", "inputs", "input_ids", "contents":
			shaped = shaped || text || list
		case "input":
			shaped = shaped || text || list || value[0] == '{' && hasAny(gjson.ParseBytes(value), "messages", "prompt", "documents", "texts")
		case "text", "text_input":
			shaped = shaped || (text || list) && hasMember(all, "sampling_params", "parameters", "stream", "max_tokens")
		case "query":
			shaped = shaped || hasMember(all, "documents", "texts")
		case "text_1":
			shaped = shaped || hasMember(all, "text_2")
		default:
			if ofRows(string(name)) {
				return false
			}
		}
	}
	return shaped
}

func hasMember(all request.Members, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return all.Get(n) != nil })
}

// areMessages reports whether a list has none but messages with roles, by the first of it: they are long.
func areMessages(list []byte) bool {
	first := gjson.GetBytes(list, "0")
	return !first.Exists() || first.Get("role").Type == gjson.String
}

func hasAny(v gjson.Result, keys ...string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { return v.Get(k).Exists() })
}

// isMessages reports whether v is a list of messages with roles.
func isMessages(v gjson.Result) bool {
	ok := v.IsArray()
	v.ForEach(func(_, m gjson.Result) bool {
		ok = m.Get("role").Type == gjson.String
		return ok
	})
	return ok
}

// isEnvelope reports whether an object is a request line other than a body alone.
func isEnvelope(v gjson.Result) bool {
	if turns := v.Get("turns"); turns.IsArray() {
		return turns.Get("0.body").IsObject()
	}
	return v.Get("body").IsObject()
}

// ofRows reports whether a key is one of data sets and logs, which no API has in a body.
func ofRows(key string) bool {
	switch key {
	case "answer", "answers", "category", "chosen", "rejected", "completion", "completions", "conversation", "conversations", "conversation_id",
		"created_at", "dataset", "delay", "difficulty", "domain", "expected", "explanation", "ground_truth", "hash_ids", "id", "idx", "index",
		"input_length", "instruction", "label", "labels", "level", "output", "output_length", "output_tokens", "outputs", "prompt_id", "qid",
		"question", "question_id", "reference", "references", "rejected_response", "response", "responses", "score", "session_id", "solution", "source",
		"split", "status", "subset", "target", "task", "text_output", "timestamp", "uid", "uuid":
		return true
	}
	return false
}

// keysOf are the keys of an object, as they stand in it.
func keysOf(v gjson.Result) (keys []string) {
	v.ForEach(func(key, _ gjson.Result) bool {
		if len(keys) < mostKeys {
			keys = append(keys, key.Str)
		}
		return true
	})
	return keys
}

// textKeys are the columns in which data sets have what is asked, the likeliest first.
var textKeys = []string{"prompt", "question", "instruction", "text_input", "input_text", "query", "text", "problem", "user", "input", "content", "sentence"}

// textKey is the column that is likely to have the text of a prompt.
func textKey(v gjson.Result) string {
	for _, key := range textKeys {
		if v.Get(key).Type == gjson.String {
			return key
		}
	}
	found := ""
	v.ForEach(func(key, x gjson.Result) bool {
		if x.Type == gjson.String {
			found = key.Str
		}
		return found == ""
	})
	return found
}

// text is the column of the sample that is likely to have the text of prompts.
func (s *sample) text() string {
	if len(s.objects) > 0 {
		return textKey(s.objects[0])
	}
	for _, key := range textKeys {
		if slices.Contains(s.header, key) {
			return key
		}
	}
	return ""
}

// rowsError is a file of rows that are no requests.
type rowsError struct {
	columns []string
	text    string // the column that is likely to have prompts
}

func unknownRows(columns []string, text string) error { return &rowsError{columns, text} }

func (e *rowsError) Error() string {
	return "rows that are no requests: they have the columns " + strings.Join(e.columns, ", ")
}

// Hint returns the flags that read the rows.
func (e *rowsError) Hint(file string) string {
	column := e.text
	if column == "" {
		column = "NAME"
	}
	return fmt.Sprintf("perf-gen --dataset text --text-column %s %s", column, file)
}

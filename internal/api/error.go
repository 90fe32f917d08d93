package api

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// ErrorMessage returns the message of an error answer. It finds it under the keys that services use, at any depth, in
// lists, in strings that contain JSON, in the events of a stream, and in HTML and XML. Other text is shortened to a
// line.
func ErrorMessage(body []byte) string { return messageOf(string(bytes.TrimSpace(body))) }

func messageOf(body string) string {
	switch {
	case body == "":
		return ""
	case !utf8.ValidString(body) || strings.ContainsRune(body, 0):
		return fmt.Sprintf("%d bytes that are not text", len(body))
	case body[0] == '<':
		return page(body)
	case isEvents(body):
		return eventWords(body)
	case !gjson.Valid(body):
		if line, _, more := strings.Cut(body, "\n"); more && strings.HasPrefix(line, "{") && gjson.Valid(line) { // JSON lines
			return messageOf(line)
		}
		return oneLine(body)
	}
	if m := sentence(gjson.Parse(body), 0); m != "" {
		return oneLine(m)
	}
	return oneLine(body)
}

// messageKeys are the keys under which services put the message, the most specific first, in lower case and without
// underscores.
var messageKeys = []string{
	"error", "faultstring", "detail", "message", "msg", "errormsg", "errmsg", "errormessage", "retmsg", "statusmsg",
	"statusmessage", "errordescription", "fault", "errors", "details", "baseresp", "description", "reason", "exception",
	"title", "err", "response", "header", "status", "meta", "output", "result", "data", "cause", "type", "code",
}

// more are pairs of keys whose messages belong together.
var more = [][2]string{
	{"error", "message"}, {"error", "errordescription"}, {"error", "detail"}, {"error", "msg"}, {"message", "errors"},
	{"message", "details"},
}

// maxMessageDepth bounds the nesting at which a message is searched.
const maxMessageDepth = 8

// sentence returns the message that a value is, or contains.
func sentence(v gjson.Result, depth int) string {
	switch {
	case depth > maxMessageDepth:
		return ""
	case v.Type == gjson.String:
		text := strings.TrimSpace(v.Str)
		if text != "" && (text[0] == '{' || text[0] == '[') && gjson.Valid(text) {
			if m := sentence(gjson.Parse(text), depth+1); m != "" {
				return m
			}
		}
		return text
	case v.IsArray():
		var all []string
		v.ForEach(func(_, e gjson.Result) bool {
			if m := sentence(e, depth+1); m != "" {
				all = append(all, about(e)+m)
			}
			return true
		})
		return strings.Join(all, "; ")
	case v.IsObject():
		return objectWords(v, depth)
	}
	return ""
}

func objectWords(v gjson.Result, depth int) string {
	found := map[string]string{}
	v.ForEach(func(k, e gjson.Result) bool {
		key := plainKey(k.Str)
		if _, again := found[key]; !again && slices.Contains(messageKeys, key) {
			found[key] = sentence(e, depth+1)
			fields := key == "errors" || key == "detail" || key == "details"
			if found[key] == "" && fields && e.IsObject() {
				found[key] = fieldWords(e, depth+1)
			}
		}
		return true
	})
	for _, key := range messageKeys {
		m := found[key]
		if m == "" {
			continue
		}
		for _, pair := range more {
			if rest := found[pair[1]]; pair[0] == key && rest != "" && !strings.Contains(m, rest) {
				if strings.Contains(rest, m) {
					return rest
				}
				return m + ": " + rest
			}
		}
		if raw := sentence(v.Get("metadata.raw"), depth+1); raw != "" { // of the service behind OpenRouter
			m += ": " + raw
		}
		return m
	}
	return ""
}

// fieldWords returns the messages about fields, with the names of the fields.
func fieldWords(v gjson.Result, depth int) string {
	var all []string
	v.ForEach(func(k, e gjson.Result) bool {
		if m := sentence(e, depth+1); m != "" {
			all = append(all, k.Str+": "+m)
		}
		return true
	})
	return strings.Join(all, "; ")
}

// about returns the field that an element of a list is about, which is loc in FastAPI.
func about(v gjson.Result) string {
	for _, key := range []string{"loc", "field", "param", "path"} {
		at := v.Get(key)
		if at.IsArray() {
			var steps []string
			for _, s := range at.Array() {
				steps = append(steps, s.String())
			}
			if len(steps) > 0 {
				return strings.Join(steps, ".") + ": "
			}
		} else if at.Type == gjson.String && at.Str != "" {
			return at.Str + ": "
		}
	}
	return ""
}

// isEvents reports whether the text of an error answer is a stream of events.
func isEvents(body string) bool {
	line, _, _ := strings.Cut(body, "\n")
	for _, field := range []string{"data:", "event:", "id:", "retry:", ":"} {
		if strings.HasPrefix(line, field) {
			return true
		}
	}
	return false
}

// eventWords returns the message of the first event that has one, or else a comment, which NVIDIA Dynamo sends.
func eventWords(body string) string {
	comment := ""
	for line := range strings.SplitSeq(body, "\n") {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch {
		case !ok || value == "" || value == "[DONE]":
		case name == "data":
			if m := messageOf(value); m != "" {
				return m
			}
		case name == "" && comment == "":
			comment = strings.Trim(value, `"`)
		}
	}
	return oneLine(comment)
}

var (
	title = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	// of XML or HTML
	element = regexp.MustCompile(`(?is)<(?:message|faultstring|description|h1|h2|pre|p)(?:\s[^>]*)?>(.*?)</`)
	unseen  = regexp.MustCompile(`(?is)<(?:style|script)[^>]*>.*?</(?:style|script)>`)
	tag     = regexp.MustCompile(`(?s)<[^>]*>`)
)

// page returns the title of a page of HTML, which proxies send, or its text if the title says nothing.
func page(s string) string {
	text := func(s string) string { return oneLine(html.UnescapeString(tag.ReplaceAllString(s, " "))) }
	s = unseen.ReplaceAllString(s, " ")
	if m := title.FindStringSubmatch(s); m != nil {
		if t := text(m[1]); t != "" && !strings.EqualFold(t, "error") {
			return t
		}
	}
	for _, m := range element.FindAllStringSubmatch(s, -1) {
		if t := text(m[1]); t != "" {
			return t
		}
	}
	return text(s)
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// refusals are messages of servers that reject fields of a body. The first group is the name of the field, or several
// names as Python prints a set.
var refusals = []*regexp.Regexp{
	regexp.MustCompile(`Unexpected fields in the request: \{([^}]*)\}`),       // transformers
	regexp.MustCompile(`(?:^|; )body\.(\w+): Extra inputs are not permitted`), // FastAPI
	// vLLM with extra fields forbidden
	regexp.MustCompile(`'loc': \('body', '(\w+)'\), 'msg': 'Extra inputs are not permitted`),
	regexp.MustCompile(`(?:^|; )(\w+): Extra inputs are not permitted`),       // Anthropic
	regexp.MustCompile(`Unrecognized request arguments? supplied: ([\w, ]+)`), // OpenAI
	regexp.MustCompile(`Unknown parameter: '(\w+)'`),                          // OpenAI
	regexp.MustCompile(`Unsupported parameter: '(\w+)'`),                      // OpenAI, of some models
	regexp.MustCompile(`property '(\w+)' is unsupported`),                     // Groq
	// TGI and others in Rust and Go
	regexp.MustCompile(`(?i)unknown field:? [\x60"'](\w+)[\x60"']`),
}

// Refused returns the fields of the body that a server rejects, according to its error message.
func Refused(message string) []string {
	var fields []string
	for _, r := range refusals {
		for _, m := range r.FindAllStringSubmatch(message, -1) {
			for name := range strings.SplitSeq(m[1], ",") {
				if name = strings.Trim(name, " '\""); name != "" && !slices.Contains(fields, name) {
					fields = append(fields, name)
				}
			}
		}
	}
	slices.Sort(fields)
	return fields
}

package api

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-json"
)

// ErrorMessage puts a server's error answer in plain words. It knows the shapes {"error": "…"} (TGI, Ollama, Triton),
// {"error": {"message": "…"}} (OpenAI, Anthropic, vLLM, llama-server), {"message": "…"} (DashScope, Cohere, SGLang),
// {"detail": "…" | [{"loc": […], "msg": "…"}]} (FastAPI: transformers), lists of one of these, and pages of HTML; other
// text is cut to a line. Where the server refuses fields of the body it says how to leave them out.
func ErrorMessage(body []byte) string {
	m := plainWords(body)
	if fields := Refused(m); len(fields) > 0 {
		m += "; --drop-params " + strings.Join(fields, " ") + " leaves it out"
	}
	return m
}

func plainWords(body []byte) string {
	var e struct {
		Error   json.RawMessage `json:"error"`
		Errors  json.RawMessage `json:"errors"`
		Detail  json.RawMessage `json:"detail"`
		Details json.RawMessage `json:"details"`
		Message json.RawMessage `json:"message"`
		Msg     json.RawMessage `json:"msg"`
	}
	if len(body) > 0 && body[0] == '[' {
		body = firstOf(body)
	}
	if json.Unmarshal(body, &e) != nil {
		return page(string(body))
	}
	for _, raw := range []json.RawMessage{e.Error, e.Detail, e.Message, e.Msg, e.Errors, e.Details} {
		if m := words(raw); m != "" {
			return m
		}
	}
	return oneLine(string(body))
}

// firstOf is the first element of a list, or what is no list itself.
func firstOf(list []byte) []byte {
	var l []json.RawMessage
	if json.Unmarshal(list, &l) != nil || len(l) == 0 {
		return list
	}
	return l[0]
}

// words finds the sentence in a value that is one, or an object or a list that has it.
func words(raw json.RawMessage) string {
	var s string
	if !present(raw) || json.Unmarshal(raw, &s) == nil {
		return oneLine(s)
	}
	var o struct {
		Message string `json:"message"`
		Type    string `json:"type"`
	}
	if json.Unmarshal(raw, &o) == nil && (o.Message != "" || o.Type != "") {
		if o.Message != "" {
			return oneLine(o.Message)
		}
		return o.Type
	}
	var list []struct {
		Loc     []any  `json:"loc"`
		Msg     string `json:"msg"`
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 && list[0].Msg+list[0].Message != "" {
		var out []string
		for _, l := range list {
			where := make([]string, len(l.Loc))
			for i, p := range l.Loc {
				where[i] = fmt.Sprint(p)
			}
			out = append(out, strings.TrimPrefix(strings.Join(where, ".")+": "+l.Msg+l.Message, ": "))
		}
		return oneLine(strings.Join(out, "; "))
	}
	return oneLine(string(raw))
}

var (
	title = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	tag   = regexp.MustCompile(`(?s)<[^>]*>`)
)

// page takes the title of a page of HTML, which proxies answer with.
func page(s string) string {
	if !strings.HasPrefix(strings.TrimSpace(s), "<") {
		return oneLine(s)
	}
	if m := title.FindStringSubmatch(s); m != nil {
		return oneLine(m[1])
	}
	return oneLine(tag.ReplaceAllString(s, " "))
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// refusals are the sentences of servers that refuse fields of a body, the first group being the field's name, or
// several as Python writes a set.
var refusals = []*regexp.Regexp{
	regexp.MustCompile(`Unexpected fields in the request: \{([^}]*)\}`),                      // transformers
	regexp.MustCompile(`(?:^|; )body\.(\w+): Extra inputs are not permitted`),                // FastAPI
	regexp.MustCompile(`'loc': \('body', '(\w+)'\), 'msg': 'Extra inputs are not permitted`), // vLLM with extra fields forbidden
	regexp.MustCompile(`(?:^|; )(\w+): Extra inputs are not permitted`),                      // Anthropic
	regexp.MustCompile(`Unrecognized request arguments? supplied: ([\w, ]+)`),                // OpenAI
	regexp.MustCompile(`Unknown parameter: '(\w+)'`),                                         // OpenAI
	regexp.MustCompile(`Unsupported parameter: '(\w+)'`),                                     // OpenAI, of some models
	regexp.MustCompile(`property '(\w+)' is unsupported`),                                    // Groq
	regexp.MustCompile(`(?i)unknown field:? [\x60"'](\w+)[\x60"']`),                          // TGI and others in Rust and Go
}

// Refused gives the fields of the body that the server refuses by what it says in an error message.
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

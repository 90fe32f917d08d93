package tokenizer

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ardanlabs/jinja"
	json "github.com/goccy/go-json"
)

// Template is a chat template: it writes a conversation as the text that a model continues, as a server does with the
// body of a chat request. It is safe for use by several goroutines at once.
type Template struct {
	name     string
	tokens   map[string]string // bos_token and the like, as the template calls them
	template *jinja.Template
}

// Chat is what a template renders. Its parts are JSON as they stand in the body of a chat request.
type Chat struct {
	Messages            json.RawMessage
	Tools               json.RawMessage            // empty: none
	AddGenerationPrompt bool                       // begin the assistant's answer
	Arguments           map[string]json.RawMessage // chat_template_kwargs: enable_thinking, documents, …
	Now                 time.Time                  // for templates that write today's date
}

// OpenTemplate reads the chat template of a model's folder: chat_template.jinja, chat_template.json, or the
// chat_template of tokenizer_config.json; of several that one is called default. path can also be a *.jinja file, or
// another file of the folder. The error is fs.ErrNotExist if there is none.
func OpenTemplate(path string) (*Template, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	dir, file := path, ""
	if !info.IsDir() {
		dir = filepath.Dir(path)
		if strings.HasSuffix(path, ".jinja") {
			file = path
		}
	}
	c, err := readTemplateConfig(dir)
	if err != nil {
		return nil, err
	}
	source, name := c.source, filepath.Join(dir, "tokenizer_config.json")
	for _, candidate := range []string{filepath.Join(dir, "chat_template.json"), filepath.Join(dir, "chat_template.jinja"), file} {
		data, err := os.ReadFile(candidate)
		if candidate == "" || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && strings.HasSuffix(candidate, ".json") {
			var inner struct {
				Template json.RawMessage `json:"chat_template"`
			}
			if err = json.Unmarshal(data, &inner); err == nil {
				data, err = templateSource(inner.Template)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", candidate, err)
		}
		source, name = string(data), candidate
	}
	if source == "" {
		return nil, fmt.Errorf("%s: no chat template in it: %w", dir, fs.ErrNotExist)
	}
	return NewTemplate(name, source, c.tokens)
}

// templateConfig is what a tokenizer_config.json says of templates.
type templateConfig struct {
	source string
	tokens map[string]string
}

func readTemplateConfig(dir string) (templateConfig, error) {
	c := templateConfig{tokens: map[string]string{}}
	path := filepath.Join(dir, "tokenizer_config.json")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	var all map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	for key, raw := range all {
		if !strings.HasSuffix(key, "_token") {
			continue
		}
		var text string
		var token struct {
			Content string `json:"content"`
		}
		if json.Unmarshal(raw, &text) != nil && json.Unmarshal(raw, &token) == nil {
			text = token.Content
		}
		if text != "" {
			c.tokens[key] = text
		}
	}
	source, err := templateSource(all["chat_template"])
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	c.source = string(source)
	return c, nil
}

// templateSource is a template as text, or the one called default of a list.
func templateSource(raw json.RawMessage) ([]byte, error) {
	var text string
	if len(raw) == 0 || json.Unmarshal(raw, &text) == nil {
		return []byte(text), nil
	}
	var list []struct{ Name, Template string }
	var byName map[string]string
	if err := json.Unmarshal(raw, &list); err == nil {
		byName = map[string]string{}
		for _, t := range list {
			byName[t.Name] = t.Template
		}
	} else if err := json.Unmarshal(raw, &byName); err != nil {
		return nil, errors.New("the chat_template is neither text nor a list of names and texts")
	}
	text, ok := byName["default"]
	if !ok {
		return nil, fmt.Errorf("none of the chat templates %s is called default", strings.Join(slices.Sorted(maps.Keys(byName)), ", "))
	}
	return []byte(text), nil
}

// NewTemplate compiles a template. name is for messages; tokens are the special tokens that it may write, by the
// names it knows them by: bos_token, eos_token and so on.
func NewTemplate(name, source string, tokens map[string]string) (t *Template, err error) {
	defer recovered(&err, name)
	rewritten, err := rewrite(source)
	if err != nil {
		return nil, fmt.Errorf("%s: chat template: %w", name, err)
	}
	compiled, err := jinja.Compile(rewritten)
	if err != nil {
		return nil, fmt.Errorf("%s: chat template: %w", name, err)
	}
	return &Template{name: name, tokens: maps.Clone(tokens), template: compiled}, nil
}

// recovered makes an error of a panic: the library has some for templates that are odd enough.
func recovered(err *error, name string) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%s: chat template: %v", name, r)
	}
}

// raisedError is a template's own raise_exception.
type raisedError struct{ message string }

func (e *raisedError) Error() string { return e.message }

// Render writes a conversation.
func (t *Template) Render(chat Chat) (text string, err error) {
	defer recovered(&err, t.name)
	data, err := t.data(chat)
	if err != nil {
		return "", fmt.Errorf("%s: chat template: %w", t.name, err)
	}
	text, err = t.template.RenderValues(data)
	if raised := (*raisedError)(nil); errors.As(err, &raised) {
		return "", fmt.Errorf("%s: the chat template refuses the conversation: %s", t.name, raised.message)
	}
	if err != nil {
		return "", fmt.Errorf("%s: chat template: %w", t.name, err)
	}
	if v := data["messages"]; v.IsList() {
		for _, message := range v.AsList().Items {
			if content := contentOf(message); content.IsList() && strings.Contains(text, repr(content)) {
				return "", fmt.Errorf("%s: the chat template takes text alone, no content in parts", t.name)
			}
		}
	}
	return text, nil
}

func contentOf(message jinja.Value) (content jinja.Value) {
	if message.IsDict() {
		content, _ = message.AsDict().Get("content")
	}
	return content
}

// data are the variables of a template.
func (t *Template) data(chat Chat) (map[string]jinja.Value, error) {
	data := map[string]jinja.Value{
		"tools":                 jinja.None(),
		"documents":             jinja.None(),
		"add_generation_prompt": jinja.NewBool(chat.AddGenerationPrompt),
		"raise_exception": jinja.NewCallable("raise_exception", func(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
			message := ""
			if len(args) > 0 && args[0].IsString() {
				message = args[0].AsString()
			}
			return jinja.Undefined(), &raisedError{message}
		}),
		"strftime_now": jinja.NewCallable("strftime_now", func(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
			if len(args) != 1 || !args[0].IsString() {
				return jinja.Undefined(), errors.New("strftime_now takes one text")
			}
			return jinja.NewString(strftime(args[0].AsString(), chat.Now)), nil
		}),
	}
	for name, fn := range functions {
		data[name] = jinja.NewCallable(name, fn)
	}
	for key, token := range t.tokens {
		data[key] = jinja.NewString(token)
	}
	parts := map[string]json.RawMessage{}
	maps.Copy(parts, chat.Arguments)
	parts["messages"] = chat.Messages
	if len(chat.Tools) > 0 {
		parts["tools"] = chat.Tools
	}
	for key, raw := range parts {
		value, err := templateValue(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		data[key] = value
	}
	return data, nil
}

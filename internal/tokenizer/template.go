package tokenizer

import (
	"bytes"
	"cmp"
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
	tools    *Template // for chats with tools; nil: the same
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
// chat_template of tokenizer_config.json. Of several the one called default is taken, or tool_use for a chat with tools.
// path can also be a *.jinja file, or another file of the folder. The error is fs.ErrNotExist if there is none.
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
	for _, candidate := range []string{filepath.Join(dir, "chat_template.json"), filepath.Join(dir, "chat_template.jinja"), file} {
		data, err := readFile(candidate)
		if candidate == "" || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		sources := map[string]string{"default": string(data)}
		if err == nil && strings.HasSuffix(candidate, ".json") {
			var inner struct {
				Template json.RawMessage `json:"chat_template"`
			}
			if err = json.Unmarshal(data, &inner); err == nil {
				sources, err = templateSources(inner.Template)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", candidate, err)
		}
		c.sources, c.name = sources, candidate
	}
	if err := c.more(dir); err != nil {
		return nil, err
	}
	switch source, ok := c.sources["default"]; {
	case ok:
		t, err := NewTemplate(c.name, source, c.tokens)
		if err != nil {
			return nil, err
		}
		if tools, ok := c.sources["tool_use"]; ok {
			t.tools, err = NewTemplate(c.name+" (tool_use)", tools, c.tokens)
		}
		return t, err
	case len(c.sources) == 0:
		return nil, hinted("name the folder of the chat model, or put its chat_template.jinja into this one",
			"%s: no chat template in it: %w", dir, fs.ErrNotExist)
	}
	return nil, fmt.Errorf("%s: none of the chat templates %s is called default", c.name, strings.Join(slices.Sorted(maps.Keys(c.sources)), ", "))
}

// templateConfig is what a folder says of templates.
type templateConfig struct {
	name    string            // of the file
	sources map[string]string // by name; default is that of a file with one
	tokens  map[string]string
}

// more adds the templates of additional_chat_templates.
func (c *templateConfig) more(dir string) error {
	found, err := filepath.Glob(filepath.Join(quoteGlob(dir), "additional_chat_templates", "*.jinja"))
	if err != nil {
		return err
	}
	for _, path := range found {
		data, err := readFile(path)
		if err != nil {
			return err
		}
		if c.sources == nil {
			c.sources = map[string]string{}
		}
		c.sources[strings.TrimSuffix(filepath.Base(path), ".jinja")] = string(data)
		c.name = cmp.Or(c.name, path)
	}
	return nil
}

func readTemplateConfig(dir string) (templateConfig, error) {
	c := templateConfig{tokens: map[string]string{}}
	for _, name := range []string{"special_tokens_map.json", "tokenizer_config.json"} { // the latter goes above the former
		path := filepath.Join(dir, name)
		data, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var all map[string]json.RawMessage
		if err == nil {
			err = json.Unmarshal(data, &all)
		}
		if err == nil && len(all["chat_template"]) > 0 {
			c.name = path
			c.sources, err = templateSources(all["chat_template"])
		}
		if err != nil {
			return c, fmt.Errorf("%s: %w", path, err)
		}
		for _, t := range readNamedTokens(data) {
			if t.name != "" {
				c.tokens[t.name] = t.Content
			}
		}
	}
	return c, nil
}

// templateSources are templates by their names: one alone is the default.
func templateSources(raw json.RawMessage) (map[string]string, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text == "" {
			return nil, nil
		}
		return map[string]string{"default": text}, nil
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
	return byName, nil
}

// NewTemplate compiles a template. name is for messages; tokens are the special tokens that it may write, by the
// names it knows them by: bos_token, eos_token and so on.
func NewTemplate(name, source string, tokens map[string]string) (t *Template, err error) {
	defer recovered(&err, name)
	if len(source) > mostSource {
		return nil, fmt.Errorf("%s: a chat template of more than %d KB", name, mostSource>>10)
	}
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

func (c *Chat) hasTools() bool {
	tools := bytes.TrimSpace(c.Tools)
	return len(tools) > 0 && string(tools) != "null"
}

// Render writes a conversation.
func (t *Template) Render(chat Chat) (text string, err error) {
	if t.tools != nil && chat.hasTools() {
		return t.tools.Render(chat)
	}
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
	for name, fn := range newBounds(len(chat.Messages) + len(chat.Tools)).functions() {
		data[name] = jinja.NewCallable(name, fn)
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
	if chat.hasTools() {
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

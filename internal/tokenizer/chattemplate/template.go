// Package chattemplate renders the chat templates of models, which are written in Jinja, exactly as Python's
// transformers library does.
//
// A Jinja library does the rendering. Templates are rewritten before it compiles them, since it differs from Python in
// operators, filters and the printing of values; and since they come from a hub, they run within bounds of time and
// memory.
package chattemplate

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/ardanlabs/jinja"
	json "github.com/goccy/go-json"
)

// Template is a compiled chat template. It renders a conversation as the prompt that a server makes of a chat request.
// It is safe for concurrent use.
type Template struct {
	name     string
	tokens   map[string]string // special tokens by their variable names, such as bos_token
	template *jinja.Template
	tools    *Template // for chats with tools; nil: this one
}

// Chat is the input of a template. Its parts are JSON as in the body of a chat request.
type Chat struct {
	Messages            json.RawMessage
	Tools               json.RawMessage            // empty: none
	AddGenerationPrompt bool                       // begin the assistant's answer
	Arguments           map[string]json.RawMessage // chat_template_kwargs: enable_thinking, documents, …
	Now                 time.Time                  // for templates that print the date
}

// New compiles a template. name is for messages; tokens are the special tokens by the names of their variables, such
// as bos_token.
func New(name, source string, tokens map[string]string) (t *Template, err error) {
	defer recovered(&err, name)
	if len(source) > maxSource {
		return nil, fmt.Errorf("%s: a chat template of more than %d KB", name, maxSource>>10)
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

// ForTools sets the template that renders chats with tools.
func (t *Template) ForTools(tools *Template) { t.tools = tools }

// recovered converts a panic to an error: the library panics on some invalid templates.
func recovered(err *error, name string) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%s: chat template: %v", name, r)
	}
}

// raisedError is the error of raise_exception.
type raisedError struct{ message string }

func (e *raisedError) Error() string { return e.message }

func (c *Chat) hasTools() bool {
	tools := bytes.TrimSpace(c.Tools)
	return len(tools) > 0 && string(tools) != "null"
}

// Render returns the prompt of a conversation.
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

// data returns the variables of a template.
func (t *Template) data(chat Chat) (map[string]jinja.Value, error) {
	data := map[string]jinja.Value{
		"tools":                 jinja.None(),
		"documents":             jinja.None(),
		"add_generation_prompt": jinja.NewBool(chat.AddGenerationPrompt),
		"raise_exception": jinja.NewCallable("raise_exception", func(args []jinja.Value,
			_ map[string]jinja.Value) (jinja.Value, error) {
			message := ""
			if len(args) > 0 && args[0].IsString() {
				message = args[0].AsString()
			}
			return jinja.Undefined(), &raisedError{message}
		}),
		"strftime_now": jinja.NewCallable("strftime_now", func(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value,
			error) {
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
		value, err := parseValue(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		data[key] = value
	}
	return data, nil
}

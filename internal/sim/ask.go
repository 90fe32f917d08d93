package sim

import (
	"encoding/json"
	"errors"
	"fmt"

	"perfpipe/internal/jsonl"
)

// maxTokens is the context length.
const maxTokens = 1 << 20

// ask is the part of a request's body that the simulator reads.
type ask struct {
	Model         string          `json:"model"`
	Stream        bool            `json:"stream"`
	MaxTokens     *int            `json:"max_tokens"`
	MaxCompletion *int            `json:"max_completion_tokens"`
	N             *int            `json:"n"`
	Messages      json.RawMessage `json:"messages"`
	Prompt        json.RawMessage `json:"prompt"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`

	promptTokens int
	cached       int      // tokens of the prompt that were found in the cache
	words        []uint64 // the prompt for the cache; nil: there is none
	tokens       int
	finish       string
}

// parseAsk reads a body and counts its prompt. Its error is for the client.
func (c *Config) parseAsk(body []byte, chat bool) (ask, error) {
	var a ask
	if err := decode(body, &a); err != nil {
		return a, err
	}
	if a.N != nil && *a.N != 1 {
		return a, errors.New("n: the simulator gives one choice")
	}
	if err := a.limit(c, "max_tokens", a.MaxTokens, a.MaxCompletion); err != nil {
		return a, err
	}
	if a.Model == "" {
		a.Model = c.Model
	}
	var err error
	if chat {
		err = a.countMessages(c)
	} else {
		err = a.countPrompt(c, a.Prompt)
	}
	return a, err
}

// decode reads a body. Its error is for the client.
func decode(body []byte, to any) error {
	if err := json.Unmarshal(body, to); err != nil {
		return fmt.Errorf("body is not valid JSON for this endpoint: %w", jsonl.Reason(err))
	}
	return nil
}

// limit sets the number of tokens to generate: the last of the limits that is not nil, or that of the configuration.
func (a *ask) limit(c *Config, name string, limits ...*int) error {
	a.tokens, a.finish = c.Tokens, "stop"
	for _, limit := range limits {
		if limit == nil {
			continue
		}
		if *limit < 1 || *limit > maxTokens {
			return fmt.Errorf("%s must be 1 to %d, got %d", name, maxTokens, *limit)
		}
		a.tokens, a.finish = *limit, "length"
	}
	return nil
}

// text adds a text to the prompt.
func (a *ask) text(c *Config, text string) {
	a.promptTokens += c.Count(text)
	if c.Cache > 0 {
		a.words = appendWords(a.words, text)
	}
}

// countMessages counts the text of every message; a chat template's own tokens are not counted, since there is none.
func (a *ask) countMessages(c *Config) error {
	var messages []struct {
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(a.Messages, &messages); err != nil || len(messages) == 0 {
		return errors.New("messages must be a list of at least one message")
	}
	for i, m := range messages {
		if len(m.Content) == 0 || string(m.Content) == "null" { // an assistant's turn of tool calls alone
			continue
		}
		var text string
		if json.Unmarshal(m.Content, &text) == nil {
			a.text(c, text)
			continue
		}
		var parts []struct {
			Text string `json:"text"`
		}
		if json.Unmarshal(m.Content, &parts) != nil {
			return fmt.Errorf("messages[%d].content must be a string or a list of parts", i)
		}
		for _, p := range parts {
			a.text(c, p.Text)
		}
	}
	return nil
}

// countPrompt takes a text, a list of token ids, or a list of just one of either.
func (a *ask) countPrompt(c *Config, raw json.RawMessage) error {
	var text string
	if len(raw) == 0 || string(raw) == "null" {
		return errors.New("prompt is missing")
	}
	if json.Unmarshal(raw, &text) == nil {
		a.text(c, text)
		return nil
	}
	var ids []int
	if json.Unmarshal(raw, &ids) == nil && len(ids) > 0 {
		a.promptTokens += len(ids)
		for _, id := range ids[:min(len(ids), c.Cache)] {
			a.words = append(a.words, uint64(id))
		}
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return errors.New("prompt must be a text or a list of token ids")
	}
	if len(list) > 1 {
		return errors.New("prompt: the simulator takes one prompt a request")
	}
	return a.countPrompt(c, list[0])
}

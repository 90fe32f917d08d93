package body

import (
	"time"

	json "github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/fault"
	"perfpipe/internal/tokenizer"
	"perfpipe/internal/tokenizer/chattemplate"
)

// Rendering is a chat template with its arguments other than messages.
type Rendering struct {
	Template  *chattemplate.Template
	Arguments map[string]json.RawMessage // chat_template_kwargs
	Now       time.Time                  // for templates that write the date
	// counts the tokens of what is rendered
	Tokenizer func() (tokenizer.Tokenizer, error)
}

// NewRendering returns a template with the members of an object as its arguments; any other value has none.
func NewRendering(t *chattemplate.Template, arguments gjson.Result, now time.Time) (*Rendering, error) {
	r := &Rendering{Template: t, Now: now}
	if !arguments.IsObject() {
		return r, nil
	}
	return r, json.Unmarshal([]byte(arguments.Raw), &r.Arguments)
}

// text renders a conversation as the prompt of the model.
func (r *Rendering) text(messages, tools json.RawMessage) (string, error) {
	return r.Template.Render(chattemplate.Chat{Messages: messages, Tools: tools, AddGenerationPrompt: true,
		Arguments: r.Arguments, Now: r.Now})
}

// apply replaces an item's messages by the rendered text, and its number of tokens by that of this text, if count is
// set.
func (r *Rendering) apply(it *Item, count bool) error {
	if it.Turns != nil {
		return fault.Of("render-chat-template", "", "the later turns of a conversation need the server's answers, "+
			"and its template")
	}
	var messages, tools json.RawMessage
	switch {
	case it.Body != nil:
		messages, tools = raw(it.Body, "messages"), raw(it.Body, "tools")
	case it.In != nil:
		messages = it.In.Messages
	default:
		messages = append(append([]byte(`[{"role":"user","content":"`), it.Text...), `"}]`...)
	}
	if messages == nil {
		return nil // it is a prompt, or no chat
	}
	text, err := r.text(messages, tools)
	if err != nil {
		return fault.Of("render-chat-template", "", "%w", err)
	}
	if count && r.Tokenizer != nil {
		tok, err := r.Tokenizer()
		if err != nil {
			return err
		}
		it.Tokens = encoded(tok, text)
	}
	if it.Body == nil {
		it.In, it.Text = nil, fastjson.AppendEscaped(nil, text)
		return nil
	}
	it.Members = nil
	for _, key := range []string{"messages", "tools", "chat_template_kwargs"} {
		if it.Body, err = sjson.DeleteBytes(it.Body, key); err != nil {
			return err
		}
	}
	it.Body, err = sjson.SetRawBytes(it.Body, "prompt", fastjson.AppendString(nil, text))
	return err
}

func raw(body []byte, key string) json.RawMessage {
	if v := gjson.GetBytes(body, key); v.Exists() {
		return json.RawMessage(v.Raw)
	}
	return nil
}

// Around returns the number of tokens that the template adds to a text that begins and ends with a word of letters.
func (r *Rendering) Around(tok tokenizer.Tokenizer, word string) (int, error) {
	n, err := r.Tokens(tok, word)
	return n - len(tok.Encode(word)), err
}

// Tokens returns the number of tokens of a text with the template around it.
func (r *Rendering) Tokens(tok tokenizer.Tokenizer, text string) (int, error) {
	rendered, err := r.text(UserMessage(text), nil)
	if err != nil {
		return 0, fault.Of("count-template", "", "%w", err)
	}
	return encoded(tok, rendered), nil
}

// encoded returns the number of tokens of a rendered text, in which special tokens stand for themselves.
func encoded(tok tokenizer.Tokenizer, text string) int {
	if special, ok := tok.(tokenizer.Special); ok {
		return len(special.EncodeSpecial(text, false))
	}
	return len(tok.Encode(text))
}

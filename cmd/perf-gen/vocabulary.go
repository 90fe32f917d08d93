package main

import (
	"errors"
	"io/fs"
	"sync"
	"time"

	json "github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset"
	"perfpipe/internal/dataset/body"
	"perfpipe/internal/fault"
	"perfpipe/internal/tokenizer"
	"perfpipe/internal/vocabulary"
)

// template opens the chat template beside the vocabulary.
func (f *flags) template(o *dataset.Options) func() (*body.Rendering, error) {
	return sync.OnceValues(func() (*body.Rendering, error) {
		if f.TokenizerPath == "" {
			return nil, fault.Usage("name the model's folder or repository",
				"a chat template is needed, and --tokenizer-path names no model")
		}
		t, err := tokenizer.OpenTemplate(o.TokenizerName)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fault.Usage("name the folder of a chat model, or put its chat_template.jinja beside the vocabulary",
				"--tokenizer-path %s: there is no chat template with it", f.TokenizerPath)
		}
		if err != nil {
			return nil, vocabulary.Fault(err)
		}
		r := &body.Rendering{Template: t, Now: time.Now()}
		kwargs := gjson.Get(f.ExtraArgs, "chat_template_kwargs")
		if !kwargs.IsObject() {
			return r, nil
		}
		return r, json.Unmarshal([]byte(kwargs.Raw), &r.Arguments)
	})
}

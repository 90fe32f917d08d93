package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"llmperf/internal/cli"
	"llmperf/internal/dataset"
	"llmperf/internal/hub"
	"llmperf/internal/tokenizer"
)

// vocabulary gives the place of the vocabulary that a flag names: itself, or where a hub's files are after they were
// downloaded.
func vocabulary(ctx context.Context, name string, opt hub.Options) (string, error) {
	if _, err := os.Stat(name); err == nil || !strings.Contains(name, "/") || opt.Source == hub.Local {
		return name, nil
	}
	if _, err := tokenizer.Open(ctx, name); err == nil { // FILE:ENCODING
		return name, nil
	}
	repo, err := hub.Open(name, hub.Model, opt)
	if err != nil {
		return "", err
	}
	first := ""
	for _, file := range tokenizer.Files() {
		paths, err := repo.Files(ctx, file)
		switch {
		case err == nil && first == "" && len(paths) > 0:
			first = paths[0]
		case err != nil && first == "" && !errors.Is(err, fs.ErrNotExist):
			return "", err // without what comes after the first a vocabulary may do, so what a hub that is away has of it
		}
	}
	if first == "" {
		return "", errors.New("--tokenizer-path " + name + ": there is no vocabulary in it")
	}
	return filepath.Dir(first), nil
}

// template opens the chat template beside the vocabulary.
func (f *flags) template(o *dataset.Options) func() (*dataset.Rendering, error) {
	return sync.OnceValues(func() (*dataset.Rendering, error) {
		if f.TokenizerPath == "" {
			return nil, cli.Usage("name the model's folder or repository", "a chat template is needed, and --tokenizer-path names no model")
		}
		t, err := tokenizer.OpenTemplate(o.TokenizerName)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, cli.Usage("", "--tokenizer-path %s: there is no chat template with it", f.TokenizerPath)
		}
		if err != nil {
			return nil, cli.Fail("", "%w", err)
		}
		r := &dataset.Rendering{Template: t, Now: time.Now()}
		kwargs := gjson.Get(f.ExtraArgs, "chat_template_kwargs")
		if !kwargs.IsObject() {
			return r, nil
		}
		return r, json.Unmarshal([]byte(kwargs.Raw), &r.Arguments)
	})
}

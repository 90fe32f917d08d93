package main

import (
	"cmp"
	"context"

	"perfpipe/internal/cli"
	"perfpipe/internal/hub"
	"perfpipe/internal/tokenizer"
	"perfpipe/internal/vocabulary"
)

// tokenizer opens --tokenizer-path; nil: there is none.
func (f *flags) tokenizer(ctx context.Context, env *cli.Env) (tokenizer.Tokenizer, error) {
	if f.TokenizerPath == "" {
		return nil, nil
	}
	opt := hub.Options{Source: hub.Source(cmp.Or(f.DataSource, "modelscope")), Say: env.Say}
	tok, err := vocabulary.Open(ctx, f.TokenizerPath, opt)
	return tok, vocabulary.Fault(err)
}

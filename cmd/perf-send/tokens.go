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
	place, err := vocabulary.Find(ctx, f.TokenizerPath, opt)
	if err != nil {
		return nil, vocabulary.Fault(err)
	}
	tok, err := tokenizer.Open(ctx, place)
	if err != nil {
		return nil, vocabulary.Fault(err)
	}
	return tok, nil
}

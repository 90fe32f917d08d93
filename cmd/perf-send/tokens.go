package main

import (
	"cmp"
	"context"
	"sync/atomic"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/hub"
	"perfpipe/internal/record"
	"perfpipe/internal/tokenizer"
	"perfpipe/internal/vocabulary"
)

// counter counts the tokens of answers whose server does not, after they have ended and in a goroutine of its own, so that
// it delays no request.
type counter struct {
	tok  tokenizer.Tokenizer
	keep bool // --save-output: the text stays in the record
	emit func(*record.Record) error
	work chan *record.Record
	done chan struct{}
	err  atomic.Pointer[error] // of emit
}

func (r *runner) startCounter(ctx context.Context) error {
	if r.f.TokenizerPath == "" {
		return nil
	}
	opt := hub.Options{Source: hub.Source(cmp.Or(r.f.DataSource, "modelscope")), Say: r.env.Say}
	place, err := vocabulary.Find(ctx, r.f.TokenizerPath, opt)
	if err != nil {
		return vocabulary.Fault(err)
	}
	tok, err := tokenizer.Open(ctx, place)
	if err != nil {
		return vocabulary.Fault(err)
	}
	c := &counter{tok: tok, keep: r.f.SaveOutput, emit: r.write, work: make(chan *record.Record, 1024), done: make(chan struct{})}
	go func() {
		defer close(c.done)
		for rec := range c.work {
			c.count(rec)
			if err := c.emit(rec); err != nil {
				c.err.CompareAndSwap(nil, &err)
			}
		}
	}()
	r.counter = c
	return nil
}

// take is emit with the counting in between. Its error is an earlier record's.
func (c *counter) take(rec *record.Record) error {
	c.work <- rec
	return c.failed()
}

func (c *counter) failed() error {
	if err := c.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *counter) close() error {
	close(c.work)
	<-c.done
	return c.failed()
}

func (c *counter) count(rec *record.Record) {
	text := rec.Output
	if !c.keep {
		rec.Output = ""
	}
	if !rec.OK || rec.TokensFrom != "" {
		return
	}
	rec.TokensFrom = "tokenizer"
	rec.CompletionTokens, rec.HiddenTokens, rec.HiddenUnknown = len(c.tok.Encode(text)), 0, ""
	if rec.PromptTokens == 0 {
		rec.PromptTokens = c.prompt(rec.Body)
	}
	rec.NoteTPOT()
}

// prompt counts the text of a body, without what a chat template puts around it.
func (c *counter) prompt(body json.RawMessage) int {
	p := gjson.GetBytes(body, "prompt")
	if p.IsArray() {
		if ids := p.Array(); len(ids) > 0 && ids[0].Type == gjson.Number {
			return len(ids)
		}
	}
	n := len(c.tok.Encode(p.String()))
	for _, m := range gjson.GetBytes(body, "messages").Array() {
		content := m.Get("content")
		if content.Type == gjson.String {
			n += len(c.tok.Encode(content.Str))
		}
		for _, part := range content.Array() {
			n += len(c.tok.Encode(part.Get("text").Str))
		}
	}
	return n
}

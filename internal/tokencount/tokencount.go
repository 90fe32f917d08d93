// Package tokencount counts the tokens of records whose server reported none, with a tokenizer of its own.
package tokencount

import (
	"sync/atomic"

	"github.com/tidwall/gjson"

	"perfpipe/internal/load"
	"perfpipe/internal/tokenizer"
)

// Counter completes records and hands them on. It counts in one goroutine, after the answer has ended, so that it
// delays no request.
type Counter struct {
	tok        tokenizer.Tokenizer
	keepOutput bool
	emit       func(*load.Record) error
	queue      chan *load.Record
	done       chan struct{}
	err        atomic.Pointer[error] // the first one of emit
}

// queueLen is how many records may wait to be counted.
const queueLen = 1024

// Start starts a Counter that hands records on to emit, one at a time. It clears Record.Output unless keepOutput is
// set. Records need their output and, for the tokens of the prompt, their request.
func Start(tok tokenizer.Tokenizer, keepOutput bool, emit func(*load.Record) error) *Counter {
	c := &Counter{
		tok: tok, keepOutput: keepOutput, emit: emit,
		queue: make(chan *load.Record, queueLen), done: make(chan struct{}),
	}
	go c.run()
	return c
}

func (c *Counter) run() {
	defer close(c.done)
	for rec := range c.queue {
		c.count(rec)
		if err := c.emit(rec); err != nil {
			c.err.CompareAndSwap(nil, &err)
		}
	}
}

// Add takes a record. Its error is that of an earlier record.
func (c *Counter) Add(rec *load.Record) error {
	c.queue <- rec
	return c.failed()
}

// Close returns when all records have been handed on, with the first error.
func (c *Counter) Close() error {
	close(c.queue)
	<-c.done
	return c.failed()
}

func (c *Counter) failed() error {
	if err := c.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *Counter) count(rec *load.Record) {
	text := rec.Output
	if !c.keepOutput {
		rec.Output = ""
	}
	if !rec.OK || rec.TokensFrom != "" {
		return
	}
	rec.TokensFrom = "tokenizer"
	rec.CompletionTokens, rec.HiddenTokens, rec.HiddenUnknown = len(c.tok.Encode(text)), 0, ""
	if rec.PromptTokens == 0 {
		rec.PromptTokens = c.prompt(rec.Sent.Body)
	}
	rec.NoteTPOT()
}

// prompt counts the text of a body, without the tokens that a chat template adds.
func (c *Counter) prompt(body []byte) int {
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

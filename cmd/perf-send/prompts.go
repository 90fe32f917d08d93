package main

import (
	"errors"
	"sync"

	"perfpipe/internal/fault"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// prompts holds the server's counts against those of the request lines.
type prompts struct {
	mu sync.Mutex
	is stats.Prompts
}

func (p *prompts) add(rec *record.Record) {
	if rec.PromptAsked == 0 {
		return
	}
	p.mu.Lock()
	p.is.Add(rec)
	p.mu.Unlock()
}

// promptsDiffer says that the server counted other prompts than were sent, which fails with --strict.
func (r *runner) promptsDiffer() error {
	r.prompts.mu.Lock()
	defer r.prompts.mu.Unlock()
	notes := r.prompts.is.Notes()
	if len(notes) == 0 {
		return nil
	}
	const hint = "the load is not the one that was meant: look at the server's limit of context (Ollama's num_ctx)"
	for i, note := range notes {
		if r.f.Strict && i == 0 {
			continue
		}
		r.env.Say("%s", note)
	}
	if r.f.Strict {
		return fault.Fail(hint, "--strict: %w", errors.New(notes[0]))
	}
	r.env.Hint("%s", hint)
	return nil
}

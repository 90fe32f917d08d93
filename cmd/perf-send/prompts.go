package main

import (
	"errors"

	"perfpipe/internal/fault"
)

// promptsDiffer reports prompts that the server counted differently. With --strict they are an error.
func (r *runner) promptsDiffer() error {
	notes := r.tally.PromptNotes()
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

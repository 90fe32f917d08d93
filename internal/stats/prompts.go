package stats

import (
	"fmt"
	"strconv"

	"perfpipe/internal/record"
	"perfpipe/internal/table"
)

// Prompts compares the server's counts of prompt tokens with the lengths that the requests were generated with.
type Prompts struct {
	fewer, more counted
}

// counted is a number of requests with differing counts, and the sums of both counts.
type counted struct {
	requests      int64
	server, asked int64 // tokens
}

// Limits of a normal difference: a chat template adds some tokens to a prompt, and another vocabulary needs from a few
// percent fewer to half as many more tokens.
const (
	minRatio       = 0.95 // counted ÷ asked
	maxRatio       = 1.5  // (counted - templateTokens) ÷ asked
	templateTokens = 100
)

// Add adds one record.
func (p *Prompts) Add(r *record.Record) {
	if !r.OK || r.PromptAsked <= 0 || r.PromptTokens <= 0 || r.TokensFrom == "tokenizer" {
		return
	}
	server, asked := float64(r.PromptTokens), float64(r.PromptAsked)
	to := &p.more
	switch {
	case server < minRatio*asked:
		to = &p.fewer
	case server <= maxRatio*asked+templateTokens:
		return
	}
	to.requests++
	to.server += int64(r.PromptTokens)
	to.asked += int64(r.PromptAsked)
}

// Notes returns notes on the requests with differing counts, with their mean counts.
func (p *Prompts) Notes() (notes []string) {
	for _, c := range []struct {
		counted
		why string
	}{
		{p.fewer, "it cuts prompts, or does not count what it has in its cache"},
		{p.more, "it has another tokenizer, counts something else than tokens, or adds to the prompts"},
	} {
		if c.requests > 0 {
			plural := "s"
			if c.requests == 1 {
				plural = ""
			}
			notes = append(notes, fmt.Sprintf("the server counted %s of %s prompt tokens in %s request%s: %s",
				grouped(c.server/c.requests), grouped(c.asked/c.requests), grouped(c.requests), plural, c.why))
		}
	}
	return notes
}

func (p *Prompts) sums() []sum {
	return []sum{
		{"prompts counted short", &p.fewer.requests},
		{"prompts counted short: tokens", &p.fewer.server},
		{"prompts counted short: asked", &p.fewer.asked},
		{"prompts counted long", &p.more.requests},
		{"prompts counted long: tokens", &p.more.server},
		{"prompts counted long: asked", &p.more.asked},
	}
}

func grouped(n int64) string { return table.Group(strconv.FormatInt(n, 10)) }

package stats

import (
	"fmt"
	"strconv"

	"perfpipe/internal/record"
)

// Prompts holds the server's counts of prompt tokens against those that the requests were made of.
type Prompts struct {
	fewer, more counted
}

// counted are requests that were counted otherwise, with the sums of both counts.
type counted struct{ requests, server, asked int64 }

// A template adds some tokens to a prompt, and another vocabulary counts it in a few percent less or half as much more.
const (
	leastCounted = 0.95
	mostCounted  = 1.5
	templateRoom = 100 // tokens
)

// Add takes a record.
func (p *Prompts) Add(r *record.Record) {
	if !r.OK || r.PromptAsked <= 0 || r.PromptTokens <= 0 || r.TokensFrom == "tokenizer" {
		return
	}
	server, asked := float64(r.PromptTokens), float64(r.PromptAsked)
	to := &p.more
	switch {
	case server < leastCounted*asked:
		to = &p.fewer
	case server <= mostCounted*asked+templateRoom:
		return
	}
	to.requests++
	to.server += int64(r.PromptTokens)
	to.asked += int64(r.PromptAsked)
}

// Notes tells of the requests that were counted otherwise, on average.
func (p *Prompts) Notes() (notes []string) {
	for _, c := range []struct {
		counted
		why string
	}{{p.fewer, "it cuts prompts, or does not count what it has in its cache"}, {p.more, "it counts something else than tokens, or adds to the prompts"}} {
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
		{"prompts counted short", &p.fewer.requests}, {"prompts counted short: tokens", &p.fewer.server}, {"prompts counted short: asked", &p.fewer.asked},
		{"prompts counted long", &p.more.requests}, {"prompts counted long: tokens", &p.more.server}, {"prompts counted long: asked", &p.more.asked},
	}
}

// grouped writes a count with a comma between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

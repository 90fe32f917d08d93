package stats

import (
	"slices"
	"testing"

	"perfpipe/internal/record"
)

// TestPrompts checks that differences are reported unless a chat template or another vocabulary explains them.
func TestPrompts(t *testing.T) {
	for name, c := range map[string]struct {
		records []record.Record
		want    []string
	}{
		"cut": {[]record.Record{
			{OK: true, PromptAsked: 6000, PromptTokens: 2048}, {OK: true, PromptAsked: 6000, PromptTokens: 2048},
		}, []string{"the server counted 2,048 of 6,000 prompt tokens in 2 requests: " +
			"it cuts prompts, or does not count what it has in its cache"}},
		"characters": {[]record.Record{{OK: true, PromptAsked: 1000, PromptTokens: 6400}},
			[]string{"the server counted 6,400 of 1,000 prompt tokens in 1 request: " +
				"it has another tokenizer, counts something else than tokens, or adds to the prompts"}},
		"template": {[]record.Record{
			{OK: true, PromptAsked: 10, PromptTokens: 45}, {OK: true, PromptAsked: 1000, PromptTokens: 1020},
		}, nil},
		"other vocabulary": {[]record.Record{
			{OK: true, PromptAsked: 1000, PromptTokens: 960}, {OK: true, PromptAsked: 1000, PromptTokens: 1400},
		}, nil},
		"nothing asked, nothing counted, or failed": {[]record.Record{
			{OK: true, PromptTokens: 5}, {OK: true, PromptAsked: 5000}, {PromptAsked: 500, PromptTokens: 5},
			{OK: true, PromptAsked: 500, PromptTokens: 5, TokensFrom: "tokenizer"},
		}, nil},
	} {
		var p Prompts
		for i := range c.records {
			p.Add(&c.records[i])
		}
		if got := p.Notes(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

package tokenizer

import (
	"maps"
	"slices"
	"strings"

	json "github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// namedToken is a special token that a tokenizer_config.json names.
type namedToken struct {
	name string // such as bos_token; "" is none
	addedEntry
}

// usualNames are the names that the reference has for every model, in its order.
var usualNames = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

// readNamedTokens returns the named tokens, extra_special_tokens and additional_special_tokens, in the order in which
// the reference adds them.
func readNamedTokens(data []byte) []namedToken {
	var usual, other, nameless []namedToken
	add := func(to *[]namedToken, name string, v gjson.Result) {
		if e, ok := readAddedEntry([]byte(v.Raw)); ok {
			*to = append(*to, namedToken{name, e})
		}
	}
	config := gjson.ParseBytes(data)
	for _, name := range usualNames {
		add(&usual, name, config.Get(name))
	}
	config.ForEach(func(key, v gjson.Result) bool {
		switch name := key.Str; {
		case name == "extra_special_tokens" || name == "additional_special_tokens":
			v.ForEach(func(key, v gjson.Result) bool {
				if key.Type == gjson.String {
					add(&other, key.Str, v)
				} else {
					add(&nameless, "", v)
				}
				return true
			})
		case strings.HasSuffix(name, "_token") && !slices.Contains(usualNames, name):
			add(&other, name, v)
		}
		return true
	})
	return slices.Concat(usual, other, nameless)
}

// readAddedEntry parses a token that is a string, or an object with options.
func readAddedEntry(raw []byte) (addedEntry, bool) {
	e := addedEntry{Special: true}
	if json.Unmarshal(raw, &e.Content) != nil {
		e = addedEntry{}
		if json.Unmarshal(raw, &e) != nil {
			return e, false
		}
		e.Special = true
	}
	return e, e.Content != ""
}

// complete adds the tokens of the configuration that the file lacks, as the reference does: those of
// added_tokens_decoder, whose options override those of the file, then the named ones.
func (f *tokenizerFile) complete(config tokenizerConfig) {
	named := map[string]bool{}
	for _, t := range config.SpecialTokens {
		named[t.Content] = t.name != ""
	}
	put := func(e addedEntry, over bool) {
		at := slices.IndexFunc(f.AddedTokens, func(old addedEntry) bool { return old.Content == e.Content })
		switch {
		case at < 0:
			f.AddedTokens = append(f.AddedTokens, e)
		case over:
			f.AddedTokens[at] = e
		}
	}
	for _, id := range slices.Sorted(maps.Keys(config.AddedTokensDecoder)) {
		e := config.AddedTokensDecoder[id]
		e.Special = e.Special || named[e.Content]
		put(e, true)
	}
	for _, t := range config.SpecialTokens {
		put(t.addedEntry, false)
	}
}

package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// addedToken is a token that is matched in the text before the model encodes the rest.
type addedToken struct {
	id         int
	content    string
	singleWord bool // does not match within a word
	lstrip     bool // includes the white space before it
	rstrip     bool
	special    bool
	pattern    string // what it matches: the content, or its normalised form
}

// addedTokens is a set of added tokens that are matched together.
type addedTokens struct {
	tokens []addedToken
	trie   *trie
	first  [256]bool // first bytes of the tokens
	word   *runeSet
}

// segment is a part of a text: an added token, or text between them.
type segment struct {
	text  string
	token *addedToken
}

func newAddedTokens() *addedTokens {
	return &addedTokens{word: namedSet("regex-word")}
}

// add adds a token that matches pattern, which is its content or its normalised form.
func (a *addedTokens) add(pattern string, t addedToken) {
	if pattern == "" {
		return
	}
	t.pattern = pattern
	a.tokens = append(a.tokens, t)
	a.first[pattern[0]] = true
}

// seal completes the set. It returns an error if two tokens have the same pattern: the reference matches an arbitrary
// one.
func (a *addedTokens) seal() error {
	patterns, seen := make([]string, len(a.tokens)), map[string]addedToken{}
	for i, t := range a.tokens {
		if other, ok := seen[t.pattern]; ok && other.id != t.id {
			return fmt.Errorf("the normalizer turns the added tokens %q and %q into the same text", other.content, t.content)
		}
		seen[t.pattern], patterns[i] = t, t.pattern
	}
	a.trie = newTrie(patterns)
	return nil
}

// split calls part for the segments of s in order. Of several tokens at one position the longest matches. Special
// tokens are left in the text unless special is set; as in the reference, no other token is matched at their position.
func (a *addedTokens) split(s string, special bool, part func(start int, seg segment)) {
	done := 0
	for i := 0; i < len(s); i++ {
		if !a.first[s[i]] {
			continue
		}
		n, length := a.trie.longest(s[i:])
		if length == 0 {
			continue
		}
		t, start, end := &a.tokens[n], i, i+length
		i = end - 1
		if t.special && !special || t.singleWord && a.withinWord(s, start, end) {
			continue
		}
		if t.lstrip {
			start = max(done, len(strings.TrimRightFunc(s[:start], isSpace)))
		}
		if t.rstrip {
			end = len(s) - len(strings.TrimLeftFunc(s[end:], isSpace))
		}
		if start > done {
			part(done, segment{text: s[done:start]})
		}
		if start < end { // otherwise the previous token includes all of it
			part(start, segment{token: t})
		}
		done = end
	}
	if done < len(s) {
		part(done, segment{text: s[done:]})
	}
}

func (a *addedTokens) withinWord(s string, start, end int) bool {
	before, n := utf8.DecodeLastRuneInString(s[:start])
	after, m := utf8.DecodeRuneInString(s[end:])
	return n > 0 && a.word.has(before) || m > 0 && a.word.has(after)
}

package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// addedToken is a token that is found in the text before the model sees it.
type addedToken struct {
	id         int
	content    string
	singleWord bool // not within a word
	lstrip     bool // takes the white space before it along
	rstrip     bool
	normalized bool // is looked for in the normalised text
	special    bool
	pattern    string // what stands for it: the content, or what the normalizer makes of it
}

// addedTokens are those that are looked for together.
type addedTokens struct {
	tokens []addedToken
	trie   *trie
	first  [256]bool // bytes that a token begins with
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

// add lets pattern, the content or what the normalizer makes of it, stand for the token.
func (a *addedTokens) add(pattern string, t addedToken) {
	if pattern == "" {
		return
	}
	t.pattern = pattern
	a.tokens = append(a.tokens, t)
	a.first[pattern[0]] = true
}

// seal ends the adding. Which of two tokens with the same pattern the reference finds is left to chance.
func (a *addedTokens) seal() error {
	patterns, seen := make([]string, len(a.tokens)), map[string]addedToken{}
	for i, t := range a.tokens {
		if other, ok := seen[t.pattern]; ok && other.id != t.id {
			return fmt.Errorf("the normalizer makes the same of the added tokens %q and %q", other.content, t.content)
		}
		seen[t.pattern], patterns[i] = t, t.pattern
	}
	a.trie = newTrie(patterns)
	return nil
}

// split hands on the segments of s, from left to right, of several tokens at one place the longest. Special tokens are
// left in the text unless special is set; what else could be found at their place is not looked for, as the reference
// does not either.
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
		if start < end { // else one before it has taken all of it along
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

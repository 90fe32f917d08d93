package tokenizer

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// piece is a part of a text that the model encodes by itself.
type piece struct {
	text  string
	first bool // it begins the original text
}

// preTokenizer splits one piece and appends the parts to dst.
type preTokenizer func(dst []piece, p piece) []piece

// behavior is the treatment of the matches that split a text.
type behavior string

const (
	removed            behavior = "Removed"
	isolated           behavior = "Isolated"
	mergedWithPrevious behavior = "MergedWithPrevious"
	mergedWithNext     behavior = "MergedWithNext"
	contiguous         behavior = "Contiguous"
)

// cutter calls part for every part of s, matching or not.
type cutter func(s string, part func(text string, match bool))

// split splits by matches or, with invert, by the text between them.
func split(cut cutter, how behavior, invert bool) preTokenizer {
	return func(dst []piece, p piece) []piece {
		begin, previous := len(dst), false // parts are adjacent in one string, so adding their lengths joins them
		start := 0
		cut(p.text, func(text string, match bool) {
			end := start + len(text)
			match = match != invert
			last := len(dst) - 1
			join := last >= begin && (how == contiguous && match == previous ||
				how == mergedWithPrevious && match && !previous || how == mergedWithNext && !match && previous)
			switch {
			case how == removed && match:
			case join:
				dst[last].text = p.text[start-len(dst[last].text) : end]
			default:
				dst = append(dst, piece{p.text[start:end], p.first && start == 0})
			}
			previous = match
			start = end
		})
		added := slices.DeleteFunc(dst[begin:], func(p piece) bool { return p.text == "" })
		return dst[:begin+len(added)]
	}
}

// runes returns the cutter by single characters.
func runes(is func(r rune) bool) cutter {
	return func(s string, part func(text string, match bool)) {
		last := 0
		for i, r := range s {
			if !is(r) {
				continue
			}
			if i > last {
				part(s[last:i], false)
			}
			last = i + utf8.RuneLen(r)
			part(s[i:last], true)
		}
		if last < len(s) {
			part(s[last:], false)
		}
	}
}

// inOrder applies pre-tokenizers one after another.
func inOrder(all []preTokenizer) preTokenizer {
	if len(all) == 1 {
		return all[0]
	}
	pool := sync.Pool{New: func() any { return new([2][]piece) }} // for the pieces between two steps
	return func(dst []piece, p piece) []piece {
		buffers := pool.Get().(*[2][]piece)
		defer pool.Put(buffers)
		in := append(buffers[0][:0], p)
		buffers[0] = in
		for i, pre := range all {
			out := buffers[1-i%2][:0]
			if i == len(all)-1 {
				out = dst
			}
			for _, p := range in {
				if p.text != "" {
					out = pre(out, p)
				}
			}
			if i == len(all)-1 {
				return out
			}
			buffers[1-i%2] = out
			in = out
		}
		return dst
	}
}

// prefixSpace inserts a space before each piece that has none.
func prefixSpace(dst []piece, p piece) []piece {
	if !strings.HasPrefix(p.text, " ") {
		p.text = " " + p.text
	}
	return append(dst, p)
}

// mapPieces maps the text of each piece.
func mapPieces(to func(string) string) preTokenizer {
	return func(dst []piece, p piece) []piece { return append(dst, piece{to(p.text), p.first}) }
}

// metaspace replaces spaces by mark (SentencePiece's U+2581) and splits before each.
func metaspace(mark, scheme string, cut bool) preTokenizer {
	is := func(r rune) bool { return string(r) == mark }
	cutBefore := split(runes(is), mergedWithNext, false)
	return func(dst []piece, p piece) []piece {
		p.text = strings.ReplaceAll(p.text, " ", mark)
		if !strings.HasPrefix(p.text, mark) && (scheme == "always" || scheme == "first" && p.first) {
			p.text = mark + p.text
		}
		if !cut {
			return append(dst, p)
		}
		return cutBefore(dst, p)
	}
}

// bertPreTokenizer splits at white space, which it drops, and around each punctuation mark.
func bertPreTokenizer() preTokenizer {
	return inOrder([]preTokenizer{split(runes(isSpace), removed, false), punctuation(isolated)})
}

func punctuation(how behavior) preTokenizer {
	return split(runes(namedSet("punctuation").has), how, false)
}

// whitespace returns runs of word characters and runs of other visible characters.
func whitespace() preTokenizer {
	word := namedSet("regex-word")
	return split(func(s string, part func(string, bool)) {
		kind := func(r rune) int {
			switch {
			case word.has(r):
				return 1
			case isSpace(r):
				return 0
			}
			return 2
		}
		for s != "" {
			r, size := utf8.DecodeRuneInString(s)
			this := kind(r)
			end := strings.IndexFunc(s[size:], func(r rune) bool { return kind(r) != this })
			if end += size; end < size {
				end = len(s)
			}
			part(s[:end], this == 0)
			s = s[end:]
		}
	}, removed, false)
}

func digits(alone bool) preTokenizer {
	how := contiguous
	if alone {
		how = isolated
	}
	return split(runes(namedSet("numeric").has), how, false)
}

// fixedLength splits after every n characters.
func fixedLength(n int) preTokenizer {
	return func(dst []piece, p piece) []piece {
		for text, first := p.text, p.first; text != ""; first = false {
			end := 0
			for range n {
				_, size := utf8.DecodeRuneInString(text[end:])
				end += size
			}
			dst = append(dst, piece{text[:end], first})
			text = text[end:]
		}
		return dst
	}
}

// unicodeScripts splits where the script changes. Characters common to all scripts, such as spaces, stay with the text
// before them; at the beginning of a text they are dropped.
func unicodeScripts() preTokenizer {
	scripts := tables().spans["script"]
	return func(dst []piece, p piece) []piece {
		last, begin := rune(-1), -1
		for i, r := range p.text {
			script, ok := findSpan(scripts, r)
			if !ok || script.delta == last {
				continue
			}
			if begin >= 0 {
				dst = append(dst, piece{p.text[begin:i], p.first && begin == 0})
			}
			last, begin = script.delta, i
		}
		if begin >= 0 {
			dst = append(dst, piece{p.text[begin:], p.first && begin == 0})
		}
		return dst
	}
}

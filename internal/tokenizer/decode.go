package tokenizer

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"perfpipe/internal/fastjson"
)

// decoder transforms the texts of tokens, which are then concatenated.
type decoder func(tokens []string) []string

func each(to func(i int, token string) string) decoder {
	return func(tokens []string) []string {
		for i, token := range tokens {
			tokens[i] = to(i, token)
		}
		return tokens
	}
}

func chain(all []decoder) decoder {
	return func(tokens []string) []string {
		for _, d := range all {
			tokens = d(tokens)
		}
		return tokens
	}
}

// bytesOf returns the bytes of a byte-level token. A token with other characters stands for itself.
func bytesOf(token string) string {
	if raw, ok := rawBytes(token); ok {
		return raw
	}
	return token
}

// allBytes returns bytesOf for each of tokens, in one block of memory.
func allBytes(tokens []string) []string {
	size := 0
	for _, token := range tokens {
		size += len(token)
	}
	block, out := make([]byte, 0, size), make([]string, len(tokens)) // never larger than the tokens
	for i, token := range tokens {
		from, ok := len(block), false
		if block, ok = appendRaw(block, token); !ok {
			block = append(block[:from], token...)
		}
		out[i] = fastjson.View(block[from:])
	}
	return out
}

func byteLevelDecoder(tokens []string) []string {
	var b strings.Builder
	for _, token := range tokens {
		b.WriteString(bytesOf(token))
	}
	return []string{lossy(b.String())}
}

func metaspaceDecoder(mark string, prefixed bool) decoder {
	return each(func(i int, token string) string {
		if i == 0 && prefixed {
			return strings.ReplaceAll(token, mark, "")
		}
		return strings.ReplaceAll(token, mark, " ")
	})
}

func fuse(tokens []string) []string { return []string{strings.Join(tokens, "")} }

// byteFallback converts runs of <0xNN> tokens to text. A run that is not UTF-8 becomes one U+FFFD token for each of
// its tokens.
func byteFallback(tokens []string) []string {
	var out []string
	var run []byte
	flush := func() {
		if len(run) == 0 {
			return
		}
		if utf8.Valid(run) {
			out = append(out, string(run))
		} else {
			for range run {
				out = append(out, "\uFFFD")
			}
		}
		run = run[:0]
	}
	for _, token := range tokens {
		if b, ok := fallbackByte(token); ok {
			run = append(run, b)
			continue
		}
		flush()
		out = append(out, token)
	}
	flush()
	return out
}

// fallbackByte returns the byte of <0xNN>.
func fallbackByte(token string) (byte, bool) {
	if len(token) != 6 || !strings.HasPrefix(token, "<0x") || token[5] != '>' {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(token[3:5], "+"), 16, 8) // Rust's parser accepts a plus
	return byte(n), err == nil
}

// stripDecoder removes up to start and stop characters from the ends of each token.
func stripDecoder(content string, start, stop int) decoder {
	return each(func(_ int, token string) string {
		for range start {
			rest, ok := strings.CutPrefix(token, content)
			if !ok {
				break
			}
			token = rest
		}
		for range stop {
			rest, ok := strings.CutSuffix(token, content)
			if !ok {
				break
			}
			token = rest
		}
		return token
	})
}

func replaceDecoder(p *pattern, by string) decoder {
	change := replace(p, by)
	return each(func(_ int, token string) string {
		out, _ := change(token)
		return out
	})
}

// cleanUp removes spaces that WordPiece inserted before punctuation and within contractions. Each replacement applies
// to the result of those before it.
func cleanUp(s string) string {
	for _, pair := range [][2]string{{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"},
		{" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}} {
		s = strings.ReplaceAll(s, pair[0], pair[1])
	}
	return s
}

func wordPieceDecoder(prefix string, clean bool) decoder {
	return each(func(i int, token string) string {
		if i > 0 {
			if rest, ok := strings.CutPrefix(token, prefix); ok {
				token = rest
			} else {
				token = " " + token
			}
		}
		if clean {
			token = cleanUp(token)
		}
		return token
	})
}

// suffixDecoder replaces the suffix that ends a word by a space.
func suffixDecoder(suffix string) decoder {
	return func(tokens []string) []string {
		for i, token := range tokens {
			by := " "
			if i == len(tokens)-1 {
				by = ""
			}
			tokens[i] = strings.ReplaceAll(token, suffix, by)
		}
		return tokens
	}
}

// ctc joins repeated tokens and drops padding.
func ctc(pad, delimiter string, clean bool) decoder {
	return func(tokens []string) []string {
		var out []string
		for i, token := range tokens {
			if i > 0 && token == tokens[i-1] {
				continue
			}
			token = strings.ReplaceAll(token, pad, "")
			if clean {
				token = strings.ReplaceAll(cleanUp(token), delimiter, " ")
			}
			if token != "" {
				out = append(out, token)
			}
		}
		return out
	}
}

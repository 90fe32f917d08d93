// Package lang translates the English texts of tables, charts and pages. English is written in the code, and a text
// without a translation stays as it is, such as the names of models, metrics and units.
package lang

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-json"
)

// chinese has two maps from English to Chinese. The keys of texts are whole texts, or formats that a caller fills in.
// Those of sentences are formats of texts that are already filled in when they are translated, such as the notes of
// package stats: %d there stands for a number, %s for a text that is translated in turn, %l for a list of such, and %v
// for one that is not.
//
//go:embed zh.json
var chinese []byte

// Words are the translations of one language. The zero value leaves texts as they are.
type Words struct {
	texts     map[string]string
	sentences []sentence
}

// sentence is a text with gaps.
type sentence struct {
	english *regexp.Regexp
	gaps    []string // the verb of each gap: %d, %s, %l or %v
	local   string   // a format with %s, or %[2]s, for the gaps
}

// Of returns the words of a language: en, that of the code, or zh.
func Of(name string) Words {
	if name != "zh" {
		return Words{}
	}
	var known struct {
		Texts, Sentences map[string]string
	}
	if err := json.Unmarshal(chinese, &known); err != nil {
		panic(err) // the embedded file is not JSON
	}
	w := Words{texts: known.Texts}
	var keys []string
	for english := range known.Sentences {
		keys = append(keys, english)
	}
	slices.SortFunc(keys, func(a, b string) int { // the more specific one first
		if d := len(verb.ReplaceAllString(b, "")) - len(verb.ReplaceAllString(a, "")); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, english := range keys {
		w.sentences = append(w.sentences, newSentence(english, known.Sentences[english]))
	}
	return w
}

var verb = regexp.MustCompile(`%(?:\[\d\])?[dslv%]`)

func newSentence(english, local string) sentence {
	s := sentence{local: verb.ReplaceAllStringFunc(local, func(v string) string {
		if v == "%%" {
			return v
		}
		return v[:len(v)-1] + "s"
	})}
	pattern, end := "^", 0
	for _, at := range verb.FindAllStringIndex(english, -1) {
		pattern += regexp.QuoteMeta(english[end:at[0]])
		switch v := english[at[0]:at[1]]; v {
		case "%%":
			pattern += "%"
		case "%d":
			pattern += `([-+]?[\d∞–][\d,.e+-]*)`
			s.gaps = append(s.gaps, v)
		default:
			pattern += "(.+)"
			s.gaps = append(s.gaps, v)
		}
		end = at[1]
	}
	s.english = regexp.MustCompile(pattern + regexp.QuoteMeta(english[end:]) + "$")
	return s
}

// Text returns the translation of a text.
func (w Words) Text(text string) string {
	if t, ok := w.texts[text]; ok {
		return t
	}
	return text
}

// Format returns the translation of a format with its values.
func (w Words) Format(format string, args ...any) string { return fmt.Sprintf(w.Text(format), args...) }

// Sentence returns the translation of a text that may have been made from a format.
func (w Words) Sentence(text string) string {
	if len(w.texts) == 0 {
		return text
	}
	if t, ok := w.texts[text]; ok {
		return t
	}
	for _, s := range w.sentences {
		if found := s.english.FindStringSubmatch(text); found != nil {
			args := make([]any, len(s.gaps))
			for i, gap := range s.gaps {
				switch text := found[i+1]; gap {
				case "%s":
					args[i] = w.Sentence(text)
				case "%l":
					args[i] = w.list(text)
				default:
					args[i] = text
				}
			}
			return fmt.Sprintf(s.local, args...)
		}
	}
	return text
}

// list returns the translation of an enumeration, such as "TTFT, TPOT and latency".
func (w Words) list(text string) string {
	items := strings.Split(strings.ReplaceAll(text, " and ", ", "), ", ")
	for i, item := range items {
		items[i] = w.Sentence(item)
	}
	return strings.Join(items, "、")
}

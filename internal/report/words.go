package report

import (
	_ "embed"
	"fmt"

	"github.com/goccy/go-json"
)

// chinese maps the English texts of a page to Chinese. Texts that it lacks, such as names of models, metrics and units,
// stay as they are.
//
//go:embed words_zh.json
var chinese []byte

// words translates the English texts of a page. The zero value leaves them as they are.
type words struct{ texts map[string]string }

// newWords returns the words of a language, en or zh.
func newWords(lang string) words {
	var w words
	if lang == "zh" {
		if err := json.Unmarshal(chinese, &w.texts); err != nil {
			panic(err) // the embedded file is not JSON
		}
	}
	return w
}

// tr returns a text in the language.
func (w words) tr(text string) string {
	if t, ok := w.texts[text]; ok {
		return t
	}
	return text
}

// trf returns a format in the language with its values.
func (w words) trf(format string, args ...any) string { return fmt.Sprintf(w.tr(format), args...) }

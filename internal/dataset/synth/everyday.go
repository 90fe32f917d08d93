package synth

import (
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"

	"perfpipe/internal/tokenizer"
)

// The words of random text, unless all of a vocabulary are asked for: ordinary English, chosen by hand from the word
// list of BIP 39 and the long one of the EFF. A vocabulary as a whole is full of spam, of adult and of political words,
// which trip moderation filters and end up in screenshots.
//
//go:embed everyday.txt
var everydayText string

var everyday = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for w := range strings.FieldsSeq(everydayText) {
		words[w] = true
	}
	return words
})

// EverydayKey identifies the version of the word list.
func EverydayKey() string { return fmt.Sprintf("everyday %x", sha256.Sum256([]byte(everydayText))) }

// fewEveryday is the minimum number of everyday words.
const fewEveryday = 500

var errFew = errors.New("few everyday words")

// Everyday finds the everyday words of a vocabulary, as Certify does. If it has too few, ok is false and the result
// has all of its words.
func Everyday(tok tokenizer.Tokenizer) (words *Words, ok bool, err error) {
	lex, tokens, err := lexicon(tok)
	if err != nil {
		return nil, true, err
	}
	if words, err = certify(tok, lex, tokens, everyday()); errors.Is(err, errFew) {
		words, err = certify(tok, lex, tokens, nil)
		return words, false, err
	}
	return words, true, err
}

// The tables of the default vocabulary are certified when they are committed, not when they are used, so that the first
// line is out at once. Their words come from OpenAI's o200k_base, which is under the MIT licence.
//
//go:generate go test -run TestO200kTables -update
var (
	//go:embed o200k_base.words
	o200k []byte
	//go:embed o200k_base.everyday.words
	o200kEveryday []byte
)

// O200k returns the table of all words of o200k_base.
var O200k = sync.OnceValues(func() (*Words, error) { return unmarshal(o200k) })

// O200kEveryday returns the table of the everyday words of o200k_base.
var O200kEveryday = sync.OnceValues(func() (*Words, error) { return unmarshal(o200kEveryday) })

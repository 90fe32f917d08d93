package dataset

import (
	"fmt"
	"strconv"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/fault"
)

// Default input and output tokens of a random request.
const (
	randomTokensIn  = 1024
	RandomTokensOut = 128
)

// maxParts is the maximum number of texts, documents, turns or pictures of one request.
const maxParts = 1 << 16

// checkSize returns an error if the parts of a random request have more tokens than fit into memory.
func checkSize(tokens float64) error {
	if tokens > maxPromptTokens {
		return fmt.Errorf("a request of %.0f tokens is longer than %d", tokens, maxPromptTokens)
	}
	return nil
}

// Domains of random draws, so that no two draws use the same random numbers.
const (
	drawText   = 0x74657874
	drawPrefix = 0x70726566
	drawImage  = 0x696d616765
	drawTurns  = 0x7475726e73
)

// random generates prompts of an exact number of independently drawn tokens after a shared prefix, as text or token
// ids.
func random(o *Options) (func() draw, error) {
	t, err := newTexts(o)
	if err != nil {
		return nil, err
	}
	around, err := o.templateTokens()
	if err != nil {
		return nil, err
	}
	return func() draw {
		var text []byte
		return func(i int64, it *Item) (err error) {
			r := synth.NewRand(o.Seed, drawText, uint64(i))
			n, out := t.lengths(r)
			text, err = t.append(text[:0], r, i, n)
			it.Text, it.Own, it.Tokens = text, ownMaxTokens(out), n+o.PrefixLength+around
			return err
		}
	}, nil
}

func ownMaxTokens(out int) []api.Param {
	if out < 0 {
		return nil
	}
	return []api.Param{{Key: "max_tokens", Value: strconv.AppendInt(nil, int64(out), 10)}}
}

// texts generates random prompts.
type texts struct {
	words    *synth.Words
	ids      []int // used instead of words for token ids
	lengths  lengths
	prefixes [][]byte
}

func newTexts(o *Options) (*texts, error) {
	t := &texts{}
	var err error
	if t.lengths, err = o.lengths(); err != nil {
		return nil, err
	}
	if o.TokenIDs {
		t.ids, err = o.ordinaryIDs()
	} else {
		t.words, err = o.words()
	}
	if err != nil {
		return nil, err
	}
	return t, t.drawPrefixes(o)
}

// maxDraws is the number of times that a prefix is drawn until it differs from all others.
const maxDraws = 100

// drawPrefixes draws the shared prefixes, of which no two are the same.
func (t *texts) drawPrefixes(o *Options) (err error) {
	count := max(1, o.PrefixCount)
	switch {
	case count > 1 && o.PrefixLength == 0:
		return fault.Invalid("prefix-count", "", "%d prefixes of no tokens are all the same", count)
	case o.PrefixLength > maxPromptTokens/count:
		return fault.Invalid("prefix-length", "", "%d × %d tokens of prefixes are more than %d", count, o.PrefixLength,
			maxPromptTokens)
	}
	known := map[string]bool{}
	for p := range uint64(count) {
		var prefix []byte
		for k := uint64(0); prefix == nil || known[string(prefix)]; k++ {
			r := synth.NewRand(o.Seed, drawPrefix, p)
			if k > 0 {
				r = synth.NewRand(o.Seed, drawPrefix, p, k)
			}
			if o.TokenIDs {
				prefix = t.appendIDs([]byte{}, r, o.PrefixLength)
			} else if prefix, err = t.words.Append([]byte{}, nil, r, o.PrefixLength); err != nil {
				return err
			}
			if k == maxDraws {
				return fault.Invalid("prefix-count", "", "there are not %d different prefixes of %d tokens", count, o.PrefixLength)
			}
		}
		known[string(prefix)] = true
		t.prefixes = append(t.prefixes, prefix)
	}
	return nil
}

// append appends the prefix of request i and n tokens.
func (t *texts) append(dst []byte, r *synth.Rand, i int64, n int) ([]byte, error) {
	prefix := t.prefixes[i%int64(len(t.prefixes))]
	if t.ids == nil {
		return t.words.Append(dst, prefix, r, n)
	}
	dst = append(append(dst, '['), prefix...)
	if len(prefix) > 0 && n > 0 {
		dst = append(dst, ',')
	}
	return append(t.appendIDs(dst, r, n), ']'), nil
}

func (t *texts) appendIDs(dst []byte, r *synth.Rand, n int) []byte {
	for k := range n {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(t.ids[r.Below(len(t.ids))]), 10)
	}
	return dst
}

// open, part and close append a text of several parts, each joined to the one before it.
func (t *texts) open(dst []byte) []byte {
	if t.ids != nil {
		return append(dst, '[')
	}
	return dst
}

func (t *texts) part(dst []byte, r *synth.Rand, n int, joined bool) ([]byte, error) {
	switch {
	case t.ids == nil && joined:
		return t.words.Join(dst, r, n)
	case t.ids == nil:
		return t.words.Append(dst, nil, r, n)
	case joined:
		dst = append(dst, ',')
	}
	return t.appendIDs(dst, r, n), nil
}

func (t *texts) close(dst []byte) []byte {
	if t.ids != nil {
		return append(dst, ']')
	}
	return dst
}

// plain returns n tokens of unescaped text, without a prefix.
func (t *texts) plain(r *synth.Rand, n int) (string, error) {
	b, err := t.words.Append([]byte{'"'}, nil, r, n)
	if err != nil {
		return "", err
	}
	var text string
	err = json.Unmarshal(append(b, '"'), &text)
	return text, err
}

// textOnly returns an error if token ids are requested of a dataset that cannot use them.
func (o *Options) textOnly(name string) error {
	if o.TokenIDs {
		return fault.Invalid("tokenize-prompt", "", "the requests of %s cannot be made of token ids", name)
	}
	return nil
}

// wrongArg returns an error about one of the dataset's own options, Args.
func wrongArg(format string, args ...any) error {
	return fault.Invalid("dataset-args", "", format, args...)
}

// arg returns a positive number of Args, or value if it is absent.
func (o *Options) arg(key string, value float64) (float64, error) {
	v := gjson.GetBytes(o.Args, key)
	switch {
	case !v.Exists():
		return value, nil
	case v.Type != gjson.Number || v.Num <= 0:
		return 0, wrongArg("%s must be a number above 0, not %s", key, v.Raw)
	}
	return v.Num, nil
}

// wholeArg is arg for integers.
func (o *Options) wholeArg(key string, value int) (int, error) {
	v, err := o.arg(key, float64(value))
	if err == nil && v != float64(int(v)) {
		err = wrongArg("%s must be a whole number, not %g", key, v)
	}
	return int(v), err
}

// partsArg is wholeArg for the number of parts of a random request.
func (o *Options) partsArg(key string, value int) (int, error) {
	n, err := o.wholeArg(key, value)
	if err == nil && n > maxParts {
		err = wrongArg("%s %d is more than %d", key, n, maxParts)
	}
	return n, err
}

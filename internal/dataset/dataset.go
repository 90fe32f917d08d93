// Package dataset turns data into requests: random text, files, captured logs. One file holds a source, one table all
// of them.
package dataset

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/dataset/body"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/hub"
	"perfpipe/internal/request"
	"perfpipe/internal/tokenizer"
)

// Source is a stream of requests. A bad line of the data is a *jsonl.LineError and the stream goes on; any other error
// is its last item. A request is valid until the next one is asked for. Ranging over it again starts from the
// beginning, stdin excepted.
type Source = iter.Seq2[request.Request, error]

// Options says what to make. Not every dataset heeds all of it.
type Options struct {
	Paths   []string        // files; "-" is stdin
	Number  int64           // lines; 0 is endless, All what there is
	Repeat  int             // how often all of it is given
	Shuffle bool            // in another order each time
	Seed    uint64          // of all that is drawn
	Workers int             // goroutines that make random requests; the requests are the same for any number
	Args    json.RawMessage // what the user says to this dataset alone

	// Lengths of prompts: of random ones in tokens, to be drawn; of others in tokens where a tokenizer is named, in
	// characters where none is, to be let through.
	MinPrompt, MaxPrompt      *int
	Distribution              string // of the lengths of random prompts; "" is uniform
	Lengths                   string // mixture of input and output lengths, instead of all these
	PrefixLength, PrefixCount int    // tokens of the common beginning of random prompts; how many such beginnings
	Charset                   string // of random words: everyday ones, ascii or all of the vocabulary; "" is everyday ones
	TokenIDs                  bool   // prompts are token ids

	Format      string   // of captured logs; "" is as each looks
	BlockSize   int      // tokens of a block of which a trace has the hash; 0 is by format, or as the data has it
	KeepSecrets bool     // of captured headers
	KeepHeaders []string // captured headers and URL parameters to keep, in lower case
	anyBody     bool     // an object may be a body, whatever its keys: the API is the user's own
	Sort        bool     // by time of arrival
	Offset      int64    // requests at the beginning to leave out

	TextColumn string      // where a file has its text
	Hub        hub.Options // where files that are named but not here are looked up

	MinTurns, MaxTurns int       // of a conversation; MaxTurns 0 is no limit
	TurnDelayMs        []float64 // between turns: one number or a range
	Images             Images
	pictures           *hub.Repo // of kontext_bench, whose rows name files

	// the template that lengths take in; nil: they leave it out
	Counted func() (*body.Rendering, error)
	// where tables of words are kept; "" is nowhere
	CacheDir      string
	TokenizerName string                                                                // "" where none was asked for
	Tokenizer     func() (tokenizer.Tokenizer, error)                                   // opened when it is needed
	Input         func(path string) (r io.Reader, name string, close func(), err error) // opens a file
	Say           func(format string, args ...any)                                      // one fact to the user
}

// All is the Number that means every line once.
const All = -1

// Item and Turn are a request before it has a body, and a step of a conversation.
type (
	Item = body.Item
	Turn = body.Turn
)

// items is a stream of them, which starts again when it is ranged over again.
type items = iter.Seq2[*Item, error]

// draw makes request i of an invented dataset, a pure function of i, into it.
type draw func(i int64, it *Item) error

// pass yields an item, unless the item was left out. An error is always yielded.
func pass(yield func(*Item, error) bool, it *Item, keep bool, err error) bool {
	if err == nil && !keep {
		return true
	}
	return yield(it, err)
}

// SetupError is an error of what the flags name, such as a vocabulary. It is not the fault of the line at which it is
// met.
type SetupError struct{ error }

func (e *SetupError) Unwrap() error { return e.error }

func setup(err error) error {
	if err == nil {
		return nil
	}
	return &SetupError{err}
}

// withSetup returns a copy of o whose errors about flags are SetupErrors.
func (o *Options) withSetup() *Options {
	own := *o
	if open := o.Tokenizer; open != nil {
		own.Tokenizer = func() (tokenizer.Tokenizer, error) {
			t, err := open()
			return t, setup(err)
		}
	}
	if open := o.Counted; open != nil {
		own.Counted = func() (*body.Rendering, error) {
			r, err := open()
			return r, setup(err)
		}
	}
	return &own
}

// Open starts a dataset. Its errors say which flag is wrong.
func Open(ctx context.Context, name string, o *Options, shape *body.Shape) (Source, error) {
	k, err := find(name)
	if err != nil {
		return nil, err
	}
	o = o.withSetup()
	if shape.API == "" {
		shape.API = k.api
	}
	shape.Ops = k.ops
	if shape.Chat == nil && k.text {
		shape.Chat = new(bool)
	}
	shape.TokenIDs, o.anyBody = o.TokenIDs, shape.Custom != nil
	if err := shape.Compile(); err != nil {
		return nil, err
	}
	if k.invent != nil {
		worker, err := k.invent(o)
		if err != nil {
			return nil, k.named(err)
		}
		return o.arrange(generate(o, worker, shape)), nil
	}
	if k.whole && (o.MinPrompt != nil || o.MaxPrompt != nil) {
		o.Say("--min-prompt-length and --max-prompt-length do not apply to %s: its requests are taken at any length", k.Name)
	}
	read, err := k.read(ctx, o)
	if err != nil {
		return nil, k.named(err)
	}
	return o.take(o.arrange(shaped(read, shape))), nil
}

// Prompt is the dataset of one text, sent again and again.
func Prompt(text string, o *Options, shape *body.Shape) (Source, error) {
	escaped := fastjson.AppendEscaped(nil, text)
	if err := shape.Compile(); err != nil {
		return nil, err
	}
	return generate(o, func() draw {
		return func(_ int64, it *Item) error {
			it.Text = escaped
			return nil
		}
	}, shape), nil
}

// shaped gives the bodies of a stream of items.
func shaped(read items, shape *body.Shape) Source {
	return func(yield func(request.Request, error) bool) {
		i := int64(0)
		var body []byte // of the last request, whose memory the next one takes
		for it, err := range read {
			if err != nil {
				if !yield(request.Request{}, err) {
					return
				}
				continue
			}
			var r request.Request
			r, body, err = shape.Request(body[:0], i, it)
			if !yield(r, err) || err != nil {
				return
			}
			i++
		}
	}
}

// arrange sorts, cuts, shuffles and repeats a source.
func (o *Options) arrange(source Source) Source {
	if o.Sort {
		source = sorted(source)
	}
	if o.Offset > 0 {
		source = from(source, o.Offset)
	}
	if o.Shuffle {
		source = shuffled(source, o.Seed)
	}
	if o.Repeat <= 1 {
		return source
	}
	return func(yield func(request.Request, error) bool) {
		for range o.Repeat {
			for r, err := range source {
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// from leaves out the first n requests.
func from(source Source, n int64) Source {
	return func(yield func(request.Request, error) bool) {
		seen := int64(0)
		for r, err := range source {
			if err == nil {
				if seen++; seen <= n {
					continue
				}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// noticed reports that there is no request in the files, if all is well with them.
func (o *Options) noticed(source Source) Source {
	return func(yield func(request.Request, error) bool) {
		any := false
		for r, err := range source {
			any = true
			if !yield(r, err) {
				return
			}
		}
		if !any && len(o.Paths) > 0 {
			o.Say("%s: there is no request in it", strings.Join(o.Paths, ", "))
		}
	}
}

// take gives as many requests as were asked for: from the start again where there are fewer.
func (o *Options) take(source Source) Source {
	if o.Number == All {
		return o.noticed(source)
	}
	return func(yield func(request.Request, error) bool) {
		given, files := int64(0), strings.Join(o.Paths, ", ")
		for {
			start := given
			for r, err := range source {
				if !yield(r, err) {
					return
				}
				if err == nil {
					given++
				}
				if given == o.Number && given > 0 {
					return
				}
			}
			switch {
			case given == start:
				yield(request.Request{}, fmt.Errorf("%s: there is no request in it", files))
				return
			case slices.Contains(o.Paths, "-"):
				o.Say("stdin had %d requests, not %d: it cannot be read again", given, o.Number)
				return
			case start == 0:
				o.Say("%s: repeating its %d requests from the start", files, given)
			}
		}
	}
}

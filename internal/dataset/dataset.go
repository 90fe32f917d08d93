// Package dataset turns data into requests: random text, files, captured logs.
//
// A dataset is one file and one line of the table in table.go. It yields items: a prompt, messages or a whole body,
// without knowing the API. Package body makes the request of an item. The files named trace_* read the formats of
// captured logs and traces, and one line of the table in trace.go adds a format.
package dataset

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/dataset/body"
	"perfpipe/internal/fault"
	"perfpipe/internal/hub"
	"perfpipe/internal/request"
	"perfpipe/internal/tokenizer"
)

// Source is a stream of requests. A bad line of the data is a *jsonl.LineError, after which the stream continues; any
// other error is its last item. A request is valid until the next iteration. Ranging over a Source again starts from
// the beginning, except for stdin.
type Source = iter.Seq2[request.Request, error]

// Options selects and shapes the data. A dataset ignores the options that do not apply to it.
type Options struct {
	Paths   []string        // files; "-" is stdin
	Number  int64           // number of requests; 0 is endless, All is every line once
	Repeat  int             // number of passes over the data
	Shuffle bool            // in a different order in each pass
	Seed    uint64          // of all random draws
	Workers int             // goroutines that generate random requests; the output does not depend on it
	Args    json.RawMessage // dataset-specific options, a JSON object

	// Lengths of prompts. Random prompts get a length in this range, in tokens; other prompts outside the range are
	// dropped, measured in tokens if a tokenizer is named and in characters otherwise.
	MinPrompt, MaxPrompt      *int
	Distribution              string // of the lengths of random prompts; "" is uniform
	Lengths                   string // mixture of input and output lengths, which replaces the four above
	PrefixLength, PrefixCount int    // tokens of a shared prefix of random prompts, and the number of different prefixes
	Charset                   string // of random words: everyday, ascii or all; "" is everyday
	TokenIDs                  bool   // prompts are token ids

	Format      string   // of captured logs; "" is detected for each file
	BlockSize   int      // tokens per hashed block of a trace; 0 is detected, or the default of the format
	KeepSecrets bool     // keep all captured headers and URL parameters
	KeepHeaders []string // captured headers and URL parameters to keep, in lower case
	tokens      bool     // requests have the number of tokens of their texts
	anyBody     bool     // any object is a body: the API is defined by the user
	Sort        string   // arrival, or session: the lines of a session stand together; "" is the order of the data
	Offset      int64    // number of leading requests to skip

	TextColumn string      // column that contains the text
	Hub        hub.Options // resolves repository names

	MinTurns, MaxTurns int       // of a conversation; MaxTurns 0 is no limit
	TurnDelayMs        []float64 // between turns: one value, or a range
	Images             Images
	pictures           *hub.Repo // of kontext_bench, whose rows name image files

	drawn      int64           // requests for which something was drawn, in this repetition
	sessionIDs map[string]int  // number of sessions with an ID, in all passes over the data
	noted      map[string]bool // notes of decoders that were logged in an earlier pass

	// the chat template to include in lengths; nil: lengths exclude it
	Counted func() (*body.Rendering, error)
	// for word tables; "" disables the cache
	CacheDir      string
	TokenizerName string                                                                // "" if the user named none
	Tokenizer     func() (tokenizer.Tokenizer, error)                                   // opened on first use
	Input         func(path string) (r io.Reader, name string, close func(), err error) // opens a file

	// Tell logs one fact about a setting, and the next step for a reason. Both may be empty.
	Tell func(setting, reason, format string, args ...any)
}

// say logs one fact.
func (o *Options) say(format string, args ...any) { o.Tell("", "", format, args...) }

// once logs a fact with a count above 0, unless it was logged in an earlier pass.
func (o *Options) once(note string, count int, args ...any) {
	if count > 0 && !o.noted[note] {
		o.say(note, append([]any{count}, args...)...)
		o.noted[note] = true
	}
}

// All is the Number that means every line of the data once.
const All = -1

// Item is a request before its body is made, and Turn is one step of a conversation.
type (
	Item = body.Item
	Turn = body.Turn
)

// items is a stream of items. Ranging over it again starts from the beginning.
type items = iter.Seq2[*Item, error]

// draw generates request i of a synthetic dataset into it. It is a pure function of i.
type draw func(i int64, it *Item) error

// pass yields an item unless it is dropped. An error is always yielded.
func pass(yield func(*Item, error) bool, it *Item, keep bool, err error) bool {
	if err == nil && !keep {
		return true
	}
	return yield(it, err)
}

// setupError is an error in something that the options name, such as a vocabulary, rather than in the line at which it
// occurs.
type setupError struct{ error }

func (e *setupError) Unwrap() error { return e.error }

func setup(err error) error {
	if err == nil {
		return nil
	}
	return &setupError{err}
}

// withSetup returns a copy of o whose tokenizer and template return setupErrors.
func (o *Options) withSetup() *Options {
	own := *o
	own.sessionIDs, own.noted = map[string]int{}, map[string]bool{}
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

// check returns an error for names in the options that mean nothing.
func (o *Options) check() error {
	for _, header := range o.KeepHeaders {
		if !replayable(header) {
			return fault.Invalid("keep-headers "+header, "", "perf-send writes the headers of its own connection")
		}
	}
	if o.Format != "" && !slices.Contains(Formats(), o.Format) {
		return fault.Invalid("format "+o.Format, "", "there is no such format (there are %s)",
			strings.Join(Formats(), ", "))
	}
	return nil
}

// Open starts the dataset with this name.
func Open(ctx context.Context, name string, o *Options, shape *body.Shape) (Source, error) {
	k, err := find(name)
	if err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
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
	o.numbered(shape)
	o.anyBody = shape.Custom != nil
	shape.TokenIDs = o.TokenIDs
	if err := shape.Compile(); err != nil {
		return nil, err
	}
	if k.synthetic != nil {
		worker, err := k.synthetic(o)
		if err != nil {
			return nil, k.named(err)
		}
		return o.made(worker, shape), nil
	}
	if limits := o.limits(); k.whole && limits != "" {
		o.Tell(limits, "", "without effect: the requests of %s are taken at any length", k.Name)
	}
	read, err := k.read(ctx, o)
	if err != nil {
		return nil, k.named(err)
	}
	return o.repeated(o.take(o.arranged(o.shaped(read, shape)))), nil
}

// numbered sets what counts the tokens of prompts: the datasets, or what renders them.
func (o *Options) numbered(shape *body.Shape) {
	if o.tokens = shape.PromptTokens && shape.Rendering == nil; shape.Rendering != nil {
		shape.Rendering.Tokenizer = o.Tokenizer
	}
}

// made returns the requests of a synthetic dataset. Those before the offset are not even made.
func (o *Options) made(worker func() draw, shape *body.Shape) Source {
	own := *o
	own.Offset = 0
	return o.repeated(own.arranged(generate(o, worker, shape)))
}

// Prompt returns a dataset that repeats one text.
func Prompt(text string, o *Options, shape *body.Shape) (Source, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.numbered(shape)
	o.MinPrompt, o.MaxPrompt, o.Args = nil, nil, nil
	p, err := newPrompts(o)
	if err != nil {
		return nil, err
	}
	var only Item
	if _, err := p.put(&only, text); err != nil {
		return nil, err
	}
	p.report()
	shape.TokenIDs = o.TokenIDs
	if err := shape.Compile(); err != nil {
		return nil, err
	}
	return o.made(func() draw {
		return func(_ int64, it *Item) error {
			it.Text, it.Tokens = only.Text, only.Tokens
			return nil
		}
	}, shape), nil
}

// shaped returns the requests of a stream of items. What is drawn for a request, such as its unique prefix, is drawn
// anew if the data is read again because it is too short.
func (o *Options) shaped(read items, shape *body.Shape) Source {
	return func(yield func(request.Request, error) bool) {
		var body []byte // reused for each request
		for it, err := range read {
			if err != nil {
				if !yield(request.Request{}, err) {
					return
				}
				continue
			}
			var r request.Request
			if r, body, err = shape.Request(body[:0], o.drawn, it); err == nil {
				o.drawn++
			} else if it.Place.N > 0 {
				err = it.Place.Wrong(err)
			}
			if !yield(r, err) || err != nil && it.Place.N == 0 {
				return
			}
		}
	}
}

// arranged returns a source that is sorted, without its first requests, and shuffled.
func (o *Options) arranged(source Source) Source {
	switch o.Sort {
	case byArrival:
		source = sorted(source)
	case bySession:
		source = together(source)
	}
	if o.Offset > 0 {
		source = o.behind(source, o.Offset)
	}
	if o.Shuffle {
		source = shuffled(source, o.Seed)
	}
	return source
}

// repeated returns a source as often as the user asks for it.
func (o *Options) repeated(source Source) Source {
	if o.Repeat <= 1 {
		return source
	}
	return func(yield func(request.Request, error) bool) {
		for range o.Repeat {
			o.drawn = 0
			for r, err := range source {
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// warnEmpty logs that the files contain no request, if there is no error either.
func (o *Options) warnEmpty(source Source) Source {
	return func(yield func(request.Request, error) bool) {
		any := false
		for r, err := range source {
			any = true
			if !yield(r, err) {
				return
			}
		}
		if !any && len(o.Paths) > 0 {
			o.say("%v", o.nothing())
		}
	}
}

// nothing is the error of data without a request.
func (o *Options) nothing() error {
	if o.Offset > 0 {
		return fmt.Errorf("%s: there is no request after the first %d", o.origin(), o.Offset)
	}
	return fmt.Errorf("%s: it has no requests", o.origin())
}

// origin names the data in messages.
func (o *Options) origin() string { return cmp.Or(strings.Join(o.Paths, ", "), "the dataset") }

// take limits a source to the requested number. It repeats data that has fewer requests.
func (o *Options) take(source Source) Source {
	if o.Number == All {
		return o.warnEmpty(source)
	}
	return func(yield func(request.Request, error) bool) {
		given := int64(0)
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
				yield(request.Request{}, o.nothing())
				return
			case slices.Contains(o.Paths, "-"):
				o.say("stdin had %d requests, not %d: it cannot be read again", given, o.Number)
				return
			case start == 0:
				o.say("%s: repeating its %d requests from the start", o.origin(), given)
			}
		}
	}
}

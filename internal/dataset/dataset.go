// Package dataset turns data into requests: random text, files, captured logs. One file holds a source, one table all of
// them.
package dataset

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"llmperf/internal/request"
	"llmperf/internal/tokenizer"
)

// Source is a stream of requests. A bad line of the data is a *jsonl.LineError and the stream goes on; any other error is
// its last item. A Body belongs to the receiver.
type Source = iter.Seq2[request.Request, error]

// Options says what to make. Not every dataset heeds all of it.
type Options struct {
	Paths   []string // files; "-" is stdin
	Number  int64    // lines; 0 is endless, All what there is
	Seed    uint64
	Workers int // goroutines that make random requests; the requests are the same for any number

	// Lengths of prompts: of random ones in tokens, to be drawn; of others in tokens where there is a Tokenizer, in
	// characters where there is none, to be let through.
	MinPrompt, MaxPrompt      *int
	PrefixLength, PrefixCount int  // tokens of the common beginning of random prompts; how many such beginnings
	ASCII                     bool // random words of ASCII characters alone

	Tokenizer     func() (tokenizer.Tokenizer, error)                                   // opened when it is needed
	TokenizerName string                                                                // "" where none was asked for
	Input         func(path string) (r io.Reader, name string, close func(), err error) // opens a file
	Say           func(format string, args ...any)                                      // one fact to the user
	Args          request.Object                                                        // what --extra-args says to the dataset
}

// All is the Number that means every line once.
const All = -1

// Item is what one request says, before Shape makes a body of it. It is valid until the next one is made.
type Item struct {
	Text []byte         // the prompt, as the inside of a JSON string; nil where Own has it
	Own  request.Object // keys of the body that the data says; flags that were typed override them
	Bare bool           // Own is all that is sent: no default values are added

	Line request.Request // an envelope's other keys
}

// items is a stream of them.
type items = iter.Seq2[*Item, error]

// draw makes the request number i of an invented dataset, a pure function of i, into it.
type draw func(i int64, it *Item)

// kind is one dataset: exactly one of invent and read is set.
type kind struct {
	name   string
	args   []string                              // keys of --extra-args that are its own
	invent func(o *Options) (func() draw, error) // gives each worker a draw of its own
	read   func(ctx context.Context, o *Options) (items, error)
}

// kinds is the table of all datasets.
func kinds() []kind {
	return []kind{
		{name: "random", invent: random},
		{name: "line_by_line", read: lineByLine},
	}
}

// Names gives the datasets that there are.
func Names() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// find gives the dataset of that name.
func find(name string) (kind, error) {
	for _, k := range kinds() {
		if k.name == name {
			return k, nil
		}
	}
	return kind{}, fmt.Errorf("--dataset %s: there is no such dataset (there are %s)", name, strings.Join(Names(), ", "))
}

// Owns says whether a key of --extra-args shapes the data of a dataset, and is not sent.
func Owns(name, key string) bool {
	k, err := find(name)
	return err == nil && slices.Contains(k.args, key)
}

// Invented says whether a dataset is made up, so that it has no end of its own.
func Invented(name string) bool {
	k, err := find(name)
	return err == nil && k.invent != nil
}

// Open starts a dataset. Its errors say which flag is wrong.
func Open(ctx context.Context, name string, o *Options, shape *Shape) (Source, error) {
	k, err := find(name)
	if err != nil {
		return nil, err
	}
	if k.invent != nil {
		worker, err := k.invent(o)
		if err != nil {
			return nil, err
		}
		return generate(o, worker, shape), nil
	}
	read, err := k.read(ctx, o)
	if err != nil {
		return nil, err
	}
	return shaped(o, read, shape), nil
}

// Prompt is the dataset of one text, sent again and again.
func Prompt(text string, o *Options, shape *Shape) Source {
	escaped := request.AppendEscaped(nil, text)
	return generate(o, func() draw { return func(_ int64, it *Item) { it.Text = escaped } }, shape)
}

// shaped gives the bodies of a stream of items, from the start again where more are asked for than there are.
func shaped(o *Options, read items, shape *Shape) Source {
	return func(yield func(request.Request, error) bool) {
		for i := int64(0); o.Number != 0 || i == 0 || true; {
			start := i
			for it, err := range read {
				if i == o.Number && i > 0 {
					return
				}
				if err != nil {
					if !yield(request.Request{}, err) {
						return
					}
					continue
				}
				r := it.Line
				r.Body, err = shape.Append(nil, i, it)
				if !yield(r, err) {
					return
				}
				i++
			}
			switch {
			case o.Number == All || i == o.Number:
				return
			case i == start:
				yield(request.Request{}, fmt.Errorf("%s has no request", strings.Join(o.Paths, ", ")))
				return
			case slices.Contains(o.Paths, "-"):
				o.Say("stdin had %d requests, not %d", i, o.Number)
				return
			case start == 0:
				o.Say("%s has %d requests: they are given again from the start", strings.Join(o.Paths, ", "), i)
			}
		}
	}
}

// long is the length of a text that the limits of length are about.
func (o *Options) long(text string) (int, error) {
	if o.TokenizerName == "" {
		return utf8.RuneCountInString(text), nil
	}
	tok, err := o.Tokenizer()
	if err != nil {
		return 0, err
	}
	return len(tok.Encode(text)), nil
}

// fits says whether a text is within the limits of length.
func (o *Options) fits(text string) (bool, error) {
	if o.MinPrompt == nil && o.MaxPrompt == nil {
		return true, nil
	}
	n, err := o.long(text)
	return (o.MinPrompt == nil || n >= *o.MinPrompt) && (o.MaxPrompt == nil || n <= *o.MaxPrompt), err
}

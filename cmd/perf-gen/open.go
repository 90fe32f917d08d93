package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/dataset"
	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/fault"
	"perfpipe/internal/hub"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/tokenizer"
	"perfpipe/internal/unit"
	"perfpipe/internal/vocabulary"
)

// open starts the dataset that the flags select.
func (f *flags) open(ctx context.Context, env *cli.Env, w *writer) (dataset.Source, error) {
	paths := f.paths()
	switch {
	case strings.Contains(f.Dataset, "/"):
		f.Dataset, paths = "text", append([]string{f.Dataset}, paths...)
	case f.Dataset != "":
	case f.TextColumn != "":
		f.Dataset = "text"
	case f.Format != "":
		f.Dataset = "trace"
	default:
		f.Dataset = dataset.Detect(paths)
	}
	if err := f.check(paths); err != nil {
		return nil, err
	}
	if unused := dataset.Unused(f.source(), env.Flags); len(unused) > 0 {
		env.Tell(strings.Join(unused, ", --"), "", "without effect on requests from %s", f.source())
	}
	seed := rand.Uint64() >> 11 // exact as a JSON number
	if f.Seed != nil {
		seed = uint64(*f.Seed)
	}
	o, err := f.options(ctx, env, w)
	if err != nil {
		return nil, err
	}
	o.Paths, o.Seed = paths, seed
	shape, err := f.shape(o)
	if err != nil {
		return nil, err
	}
	shape.Say = env.Say
	if f.Prompt != nil {
		text, err := cli.TextOrFile("--prompt", *f.Prompt)
		if err != nil {
			return nil, err
		}
		source, err := dataset.Prompt(string(text), o, shape)
		return source, usage(err)
	}
	source, err := dataset.Open(ctx, f.Dataset, o, shape)
	if err != nil {
		return nil, usage(err)
	}
	if f.Seed == nil && dataset.Synthetic(f.Dataset) {
		env.Say("--seed %d reproduces these requests", seed)
	}
	return source, nil
}

// paths returns the named files.
func (f *flags) paths() []string { return append([]string(f.DatasetPath), f.Files...) }

// options returns the options of the dataset.
func (f *flags) options(ctx context.Context, env *cli.Env, w *writer) (*dataset.Options, error) {
	o := &dataset.Options{
		Number: f.number(), Repeat: f.Repeat, Shuffle: f.Shuffle, Workers: f.NumWorkers,
		MinPrompt: f.MinPromptLength, MaxPrompt: f.MaxPromptLength, Distribution: f.Distribution, Lengths: f.Lengths,
		PrefixLength: f.PrefixLength, PrefixCount: f.PrefixCount, Charset: f.Charset, TokenIDs: f.TokenizePrompt,
		Format: f.Format, BlockSize: f.BlockSize, KeepSecrets: f.KeepSecrets, KeepHeaders: names(f.KeepHeaders),
		Sort: string(f.Sort), Offset: f.Offset, TextColumn: f.TextColumn,
		Hub:      hub.Options{Source: hub.Source(f.DataSource), Say: env.Say},
		MinTurns: f.MinTurns, MaxTurns: f.MaxTurns,
		Images: dataset.Images{Number: f.ImageNum, Picture: dataset.Picture{
			Width: f.ImageWidth, Height: f.ImageHeight, Format: f.ImageFormat, Encoding: f.ImageEncoding, Noise: f.ImageNoise,
		}},
		Tell: env.Tell,
		Input: func(path string) (io.Reader, string, func(), error) {
			return env.Input(path, func(r io.Reader) (io.Reader, error) { return jsonl.Decompress(tied{r, w}) })
		},
	}
	if env.TTY {
		o.Hub.Terminal = env.Stderr
	}
	var err error
	if o.TokenizerName, err = vocabulary.Find(ctx, f.TokenizerPath, o.Hub); err != nil {
		return nil, vocabulary.Fault(err)
	}
	o.Tokenizer = sync.OnceValues(func() (tokenizer.Tokenizer, error) {
		t, err := tokenizer.Open(ctx, o.TokenizerName)
		return t, vocabulary.Fault(err)
	})
	if f.CountTemplate {
		o.Counted = f.template(o)
	}
	o.CacheDir = synth.CacheDir()
	if o.Workers == 0 {
		o.Workers = min(2, runtime.GOMAXPROCS(0))
	}
	for _, word := range f.TurnDelay {
		d, err := unit.ParseDuration(word)
		if err != nil {
			return nil, fault.Usage("", "--turn-delay: %w", err)
		}
		o.TurnDelayMs = append(o.TurnDelayMs, float64(d)/float64(time.Millisecond))
	}
	if d := o.TurnDelayMs; len(d) > 2 || len(d) == 2 && d[0] > d[1] {
		return nil, fault.Usage("give one value, or the minimum and the maximum", "--turn-delay %s is not a range",
			strings.Join(f.TurnDelay, " "))
	}
	return o, nil
}

// names parses names of headers, which are case-insensitive.
func names(words []string) []string {
	return strings.FieldsFunc(strings.ToLower(strings.Join(words, ",")), func(r rune) bool { return r == ',' || r == ' ' })
}

// number returns the number of requested lines.
func (f *flags) number() int64 {
	sum := int64(0)
	for _, n := range f.Number {
		sum += int64(n)
	}
	switch {
	case f.Number != nil:
		return sum
	case f.Prompt != nil || dataset.Synthetic(f.Dataset):
		return 100
	}
	return dataset.All
}

// usage marks an error as one of the command line, unless it is marked already.
func usage(err error) error {
	var own *fault.Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	return fault.Usage("", "%w", err)
}

// tied is an input that flushes the output before each read, so that a slow input does not delay lines.
type tied struct {
	io.Reader
	w *writer
}

func (t tied) Read(p []byte) (int, error) {
	t.w.flush()
	return t.Reader.Read(p)
}

// check returns an error for values out of range, and flags that contradict one another.
func (f *flags) check(paths []string) error {
	return cmp.Or(f.checkNumbers(), f.checkMaxTokens(), f.checkPairs(paths), f.checkNumber(paths))
}

func (f *flags) checkNumbers() error {
	for _, c := range []struct {
		flag            string
		value, smallest int
	}{
		{"--repeat", f.Repeat, 1}, {"--prefix-length", f.PrefixLength, 0}, {"--prefix-count", f.PrefixCount, 1},
		{"--num-workers", f.NumWorkers, 0}, {"--image-num", f.ImageNum, 0}, {"--min-turns", f.MinTurns, 1},
		{"--max-turns", f.MaxTurns, 0}, {"--dataset-offset", int(f.Offset), 0}, {"--block-size", f.BlockSize, 0},
	} {
		if c.value < c.smallest {
			return fault.Usage("", "%s %d is less than %d", c.flag, c.value, c.smallest)
		}
	}
	return nil
}

func (f *flags) checkMaxTokens() error {
	switch m := f.MaxTokens; {
	case len(m) > 2 || len(m) == 2 && m[0] > m[1]:
		return fault.Usage("give one value, or the minimum and the maximum", "--max-tokens %s is not a range",
			strings.Trim(fmt.Sprint([]int(m)), "[]"))
	case len(m) > 0 && m[0] < 0:
		return fault.Usage("", "--max-tokens %d is negative", m[0])
	case f.MinTokens != nil && len(m) > 0 && *f.MinTokens > m[0]:
		return fault.Usage("", "--min-tokens %d is more than --max-tokens %d", *f.MinTokens, m[0])
	}
	return nil
}

// checkPairs checks flags that exclude each other.
func (f *flags) checkPairs(paths []string) error {
	for _, c := range []struct {
		both bool
		text string
	}{
		{f.UniquePrefix && (f.TokenizePrompt || f.RenderTemplate),
			"--unique-prefix puts words before a text, not before token ids or a template"},
		{f.RenderTemplate && f.TokenizePrompt, "--render-chat-template makes text, and --tokenize-prompt token ids"},
		{f.Charset != "everyday" && f.TokenizePrompt, "--charset chooses among words, and --tokenize-prompt writes none"},
		{f.CountTemplate && f.TokenizePrompt, "--count-template counts a chat template, which token ids do not have"},
		{f.Prompt != nil && len(paths) > 0, "--prompt and a file are two sources of prompts"},
	} {
		if c.both {
			return fault.Usage("leave one out", "%s", c.text)
		}
	}
	return nil
}

func (f *flags) checkNumber(paths []string) error {
	for _, n := range f.Number {
		if n < 0 {
			return fault.Usage("0 is endless", "--number %d is negative", n)
		}
	}
	endless := len(f.Number) > 0 && f.number() == 0
	generated := f.Prompt != nil || dataset.Synthetic(f.Dataset)
	switch {
	case f.Repeat > 1 && slices.Contains(paths, "-"):
		return fault.Usage("save it to a file first", "--repeat cannot read stdin again")
	case endless && f.Describe:
		return fault.Usage("", "--number 0 is endless: there is nothing to --describe")
	case endless && (f.Repeat > 1 || generated && (f.Shuffle || f.Sort != "")):
		return fault.Usage("", "--number 0 is endless: there is nothing to shuffle, sort or repeat")
	}
	return nil
}

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/alecthomas/kong"

	"llmperf/internal/cli"
	"llmperf/internal/dataset"
	"llmperf/internal/jsonl"
	"llmperf/internal/request"
	"llmperf/internal/tokenizer"
)

const description = "Write requests to a language model, one JSON line each: from random text, files or captured logs. " +
	"Each line can be sent by perf-send or by curl."

// flags are the command line. A nil pointer is a flag that was not typed: only those that were override a template or
// the data.
type flags struct {
	Dataset     string   `group:"data" help:"What to make requests of: ${datasets}. Default: random." placeholder:"NAME"`
	DatasetPath []string `group:"data" help:"File to read; - is stdin." placeholder:"FILE" sep:"none"`
	Files       []string `arg:"" optional:"" help:"Files to read, as --dataset-path."`
	Prompt      string   `group:"data" help:"One prompt, sent again and again: TEXT, or @FILE." placeholder:"TEXT"`
	Number      cli.Ints `group:"data" short:"n" help:"How many lines; the sum of a list; 0 is endless. Default: 100, of files every line once." placeholder:"N ..."`
	Seed        *int64   `group:"data" help:"Makes the same requests again; also sent as seed. Default: another one every time." placeholder:"N"`
	OnBadLine   string   `group:"data" enum:"fail,skip" default:"fail" help:"What a line that cannot be read does: fail or skip."`
	NumWorkers  int      `group:"data" help:"Goroutines that make random requests; 0: as the machine has. The output is the same." placeholder:"N"`

	MinPromptLength *int   `group:"length" help:"Least tokens of a random prompt; of others the least to let through, in characters, or in tokens with --tokenizer-path." placeholder:"N"`
	MaxPromptLength *int   `group:"length" help:"Most tokens of a random prompt, or most to let through. Default for random: 1024, and as many at least." placeholder:"N"`
	PrefixLength    int    `group:"length" help:"Tokens of a common beginning, on top of the random length." placeholder:"N"`
	PrefixCount     int    `group:"length" default:"1" help:"How many different beginnings, in turn." placeholder:"N"`
	Charset         string `group:"length" enum:"all,ascii" default:"all" help:"Characters of random text: all, ascii."`
	TokenizerPath   string `group:"length" help:"Vocabulary to count in. Default for random: o200k_base." placeholder:"NAME"`

	Model             string      `group:"body" help:"Model to ask for. Default: none is named, and perf-send asks the server." placeholder:"NAME"`
	QueryTemplate     string      `group:"body" help:"The body as JSON, or @FILE; %m is the model and %p the prompt." placeholder:"JSON"`
	ApplyChatTemplate *bool       `group:"body" negatable:"" help:"Write messages for /v1/chat/completions, rather than prompt for /v1/completions. Default: on."`
	Stream            *bool       `group:"body" negatable:"" help:"Ask for a streamed answer. Default: on."`
	MaxTokens         cli.Ints    `group:"body" help:"Most tokens of an answer; of two numbers each request draws one between them. Default: 128 for random, else 2048." placeholder:"N [N]"`
	MinTokens         *int        `group:"body" help:"Least tokens of an answer." placeholder:"N"`
	IgnoreEOS         *bool       `group:"body" name:"ignore-eos" help:"Go on to max-tokens whatever the model says."`
	NChoices          *int        `group:"body" help:"Answers to each request." placeholder:"N"`
	Stop              cli.Strings `group:"body" help:"Texts that end an answer." placeholder:"TEXT ..."`
	StopTokenIDs      cli.Ints    `group:"body" name:"stop-token-ids" help:"Tokens that end an answer." placeholder:"ID ..."`
	Temperature       *float64    `group:"body" help:"Default: 0." placeholder:"T"`
	TopP              *float64    `group:"body" placeholder:"P" help:"Nucleus sampling."`
	TopK              *int        `group:"body" placeholder:"K" help:"Sample from the K likeliest tokens."`
	FrequencyPenalty  *float64    `group:"body" placeholder:"X" help:"Make repeated tokens less likely."`
	RepetitionPenalty *float64    `group:"body" placeholder:"X" help:"Make repeated tokens less likely, as a factor."`
	Logprobs          *bool       `group:"body" help:"Ask for the log probabilities of tokens."`
	ExtraArgs         string      `group:"body" help:"JSON merged into the body; keys that the dataset knows shape the data instead." placeholder:"JSON"`

	Output string `short:"o" group:"output" help:"File to write; .gz and .zst compress. Default: stdout." placeholder:"FILE"`
	cli.VersionFlag
}

// groups are the headings of --help.
func groups() []kong.Option {
	return []kong.Option{
		kong.ExplicitGroups([]kong.Group{
			{Key: "data", Title: "Data:"}, {Key: "length", Title: "Length of prompts:"},
			{Key: "body", Title: "Body of a request:"}, {Key: "output", Title: "Output:"},
		}),
		kong.Vars{"datasets": strings.Join(dataset.Names(), ", ")},
	}
}

// open starts the dataset that the flags ask for.
func (f *flags) open(ctx context.Context, env *cli.Env, w *writer) (dataset.Source, error) {
	paths := append(f.DatasetPath, f.Files...)
	if f.Dataset == "" {
		f.Dataset = "random"
		if len(paths) > 0 {
			f.Dataset = "line_by_line"
		}
	}
	seed := rand.Uint64() >> 11 // as JSON has it exactly
	if f.Seed != nil {
		seed = uint64(*f.Seed)
	}
	o := &dataset.Options{
		Paths: paths, Number: f.number(), Seed: seed, Workers: f.NumWorkers,
		MinPrompt: f.MinPromptLength, MaxPrompt: f.MaxPromptLength,
		PrefixLength: f.PrefixLength, PrefixCount: f.PrefixCount, ASCII: f.Charset == "ascii",
		TokenizerName: f.TokenizerPath, Say: env.Say,
		Tokenizer: sync.OnceValues(func() (tokenizer.Tokenizer, error) { return tokenizer.Open(ctx, f.TokenizerPath) }),
		Input: func(path string) (io.Reader, string, func(), error) {
			return env.Input(path, func(r io.Reader) (io.Reader, error) { return jsonl.Decompress(tied{r, w}) })
		},
	}
	if o.Workers == 0 {
		o.Workers = min(2, runtime.GOMAXPROCS(0))
	}
	shape, err := f.shape(o)
	if err != nil {
		return nil, err
	}
	if f.Prompt != "" {
		text, err := textOrFile("--prompt", f.Prompt)
		if err != nil {
			return nil, err
		}
		return dataset.Prompt(string(text), o, shape), nil
	}
	source, err := dataset.Open(ctx, f.Dataset, o, shape)
	if err != nil {
		return nil, usage(err)
	}
	if f.Seed == nil && dataset.Invented(f.Dataset) {
		env.Say("--seed %d makes these requests again", seed)
	}
	return source, nil
}

// number is how many lines are asked for.
func (f *flags) number() int64 {
	sum := int64(0)
	for _, n := range f.Number {
		sum += int64(n)
	}
	switch {
	case f.Number != nil:
		return sum
	case f.Prompt != "" || dataset.Invented(f.Dataset):
		return 100
	}
	return dataset.All
}

// usage makes a wrong command line of an error that is not something else already.
func usage(err error) error {
	var own *cli.Error
	if errors.As(err, &own) {
		return err
	}
	return cli.Usage("", "%w", err)
}

// tied is an input before which the output is flushed: what a slow reader has given is not held back.
type tied struct {
	io.Reader
	w *writer
}

func (t tied) Read(p []byte) (int, error) {
	t.w.flush()
	return t.Reader.Read(p)
}

// textOrFile is the value of a flag that is TEXT or @FILE.
func textOrFile(flag, value string) ([]byte, error) {
	path, isFile := strings.CutPrefix(value, "@")
	if !isFile {
		return []byte(value), nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, cli.Usage("", "%s: %w", flag, err)
	}
	return bytes.ToValidUTF8(b, []byte("\uFFFD")), nil
}

// shape is what the flags say of every body.
func (f *flags) shape(o *dataset.Options) (*dataset.Shape, error) {
	s := &dataset.Shape{Chat: f.ApplyChatTemplate == nil || *f.ApplyChatTemplate, Seed: o.Seed}
	if f.QueryTemplate != "" {
		text, err := textOrFile("--query-template", f.QueryTemplate)
		if err != nil {
			return nil, err
		}
		s.Template, err = dataset.ParseTemplate(text, f.Model)
		if errors.Is(err, dataset.ErrNoModel) {
			return nil, cli.Usage("add --model NAME", "--query-template: %w", err)
		}
		if err != nil {
			return nil, cli.Usage("", "--query-template: %w", err)
		}
	}
	if err := f.checkNumbers(); err != nil {
		return nil, err
	}
	s.Params, s.MaxTokens = f.params()
	extra, err := f.extra(o)
	if err != nil {
		return nil, err
	}
	s.Params = append(s.Params, extra...)
	return s, s.Compile()
}

// extra splits --extra-args into what the dataset takes for itself and what is sent.
func (f *flags) extra(o *dataset.Options) (sent []dataset.Param, err error) {
	if f.ExtraArgs == "" {
		return nil, nil
	}
	text, err := textOrFile("--extra-args", f.ExtraArgs)
	if err != nil {
		return nil, err
	}
	extra, err := request.ParseObject(text)
	if err != nil {
		return nil, cli.Usage("", "--extra-args: %w", err)
	}
	o.Args = request.Object{}
	for _, x := range extra {
		if dataset.Owns(f.Dataset, x.Key) {
			o.Args = append(o.Args, x)
		} else {
			sent = append(sent, dataset.Param{Key: x.Key, Value: x.Value, Typed: true})
		}
	}
	return sent, nil
}

// params are the keys of the body that flags set, in the order of the flags, and the limits of max_tokens.
func (f *flags) params() (params []dataset.Param, maxTokens []int) {
	typed := func(key string, value any) {
		params = append(params, dataset.Param{Key: key, Value: dataset.Value(value), Typed: true})
	}
	byDefault := func(key string, value any) {
		params = append(params, dataset.Param{Key: key, Value: dataset.Value(value)})
	}
	if f.Model != "" {
		typed("model", f.Model)
	}
	optional(f.Stream, "stream", typed, func() { byDefault("stream", true) })
	maxTokens = f.MaxTokens
	if maxTokens == nil {
		maxTokens = []int{2048}
		if f.Prompt == "" && dataset.Invented(f.Dataset) {
			maxTokens = []int{dataset.RandomTokensOut}
		}
	}
	params = append(params, dataset.Param{Key: "max_tokens", Typed: f.MaxTokens != nil})
	optional(f.MinTokens, "min_tokens", typed, nil)
	optional(f.IgnoreEOS, "ignore_eos", typed, nil)
	optional(f.NChoices, "n", typed, nil)
	if f.Stop != nil {
		typed("stop", []string(f.Stop))
	}
	if f.StopTokenIDs != nil {
		typed("stop_token_ids", []int(f.StopTokenIDs))
	}
	optional(f.Temperature, "temperature", typed, func() { byDefault("temperature", 0) })
	optional(f.TopP, "top_p", typed, nil)
	optional(f.TopK, "top_k", typed, nil)
	optional(f.FrequencyPenalty, "frequency_penalty", typed, nil)
	optional(f.RepetitionPenalty, "repetition_penalty", typed, nil)
	optional(f.Logprobs, "logprobs", typed, nil)
	optional(f.Seed, "seed", typed, nil)
	return params, maxTokens
}

func optional[T any](value *T, key string, typed func(string, any), absent func()) {
	if value != nil {
		typed(key, *value)
	} else if absent != nil {
		absent()
	}
}

// checkNumbers refuses numbers that no request could have.
func (f *flags) checkNumbers() error {
	for _, n := range f.Number {
		if n < 0 {
			return cli.Usage("0 is endless", "--number %d is negative", n)
		}
	}
	switch m := f.MaxTokens; {
	case len(m) > 2:
		return cli.Usage("give one, or the least and the most", "--max-tokens takes one or two numbers, not %d", len(m))
	case len(m) > 0 && m[0] < 0:
		return cli.Usage("", "--max-tokens %d is negative", m[0])
	case len(m) == 2 && m[0] > m[1]:
		return cli.Usage("write the least first", "--max-tokens %d %d is no range", m[0], m[1])
	case f.MinTokens != nil && len(m) > 0 && *f.MinTokens > m[0]:
		return cli.Usage("", "--min-tokens %d is more than --max-tokens %d", *f.MinTokens, m[0])
	case f.PrefixLength < 0:
		return cli.Usage("", "--prefix-length %d is negative", f.PrefixLength)
	case f.PrefixCount < 1:
		return cli.Usage("", "--prefix-count %d is less than 1", f.PrefixCount)
	case f.NumWorkers < 0:
		return cli.Usage("", "--num-workers %d is negative", f.NumWorkers)
	case f.Prompt != "" && len(f.Files)+len(f.DatasetPath) > 0:
		return cli.Usage("leave one out", "--prompt and a file are two sources of prompts")
	}
	return nil
}

package main

import (
	"strings"

	"github.com/alecthomas/kong"
	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/cli"
	"perfpipe/internal/dataset"
)

const description = "Write requests to a language model, one JSON line each: from random text, files or captured " +
	"logs. Each line can be sent by perf-send or by curl.\n\n" +
	"  perf-gen --dataset random --number 200 --max-prompt-length 256 | perf-send --rate 10 | perf-stats\n" +
	"  perf-gen --prompt 'write a story' --number 1 | curl -d @- -H 'content-type: application/json' $URL\n" +
	"  perf-gen --dataset trace --sort access.log | perf-send --arrival trace --url $URL > records.jsonl"

// flags is the command line. A nil pointer is a flag that was not set: only those that were set override a template or
// the data.
type flags struct {
	Files       []string  `arg:"" optional:"" help:"Files to read; the same as --dataset-path."`
	Dataset     string    `group:"data" help:"Source of the requests: ${datasets}. A repository ORG/NAME is read as text. Default: random; for files line_by_line, for .har and .csv files trace." placeholder:"NAME"`
	DatasetPath cli.Paths `group:"data" help:"Files to read; - is stdin." placeholder:"FILE…"`
	DataSource  string    `group:"data" enum:"modelscope,huggingface,local" default:"modelscope" help:"Hub on which repository names are looked up: modelscope, huggingface or local." placeholder:"modelscope"`
	TextColumn  string    `group:"data" help:"Column that holds the text, for --dataset text." placeholder:"NAME"`
	DatasetArgs string    `group:"data" help:"Options of the dataset as JSON, such as {\"target_input_len\":1000}, or @FILE." placeholder:"JSON"`
	Offset      int64     `group:"data" name:"dataset-offset" help:"Skip the first N requests." placeholder:"N"`
	Describe    bool      `group:"data" help:"Print a summary of the requests instead of them: sessions, lengths, delays, and the share of the prompts that a prefix cache could hold."`
	List        bool      `group:"data" name:"list-datasets" help:"List the datasets and exit."`
	Prompt      *string   `group:"data" help:"Repeat one prompt: TEXT or @FILE." placeholder:"TEXT"`
	Number      cli.Ints  `group:"data" short:"n" help:"Number of lines; a list means its sum; 0 is endless. Default: 100, or every line of a file once." placeholder:"N…"`
	Repeat      int       `group:"data" default:"1" help:"Write the whole output N times." placeholder:"N"`
	Shuffle     bool      `group:"data" help:"Shuffle the output, differently at each repeat. Uses a temporary file."`
	Seed        *int64    `group:"data" help:"Seed of random data; the same seed makes the same requests. Also sent as seed. Default: a random one." placeholder:"N"`
	OnBadLine   string    `group:"data" enum:"fail,skip" default:"fail" help:"At a line that cannot be read: fail or skip it." placeholder:"fail"`
	NumWorkers  int       `group:"data" help:"Goroutines that make random requests; 0 means one per CPU, at most two. The output does not depend on it." placeholder:"N"`

	Format      string      `group:"logs" help:"Format of --dataset trace: ${formats}. Default: detected for each file." placeholder:"NAME"`
	BlockSize   int         `group:"logs" help:"Tokens per hashed block of a trace. Default: mooncake 512, bailian 16, or what the data implies." placeholder:"N"`
	Sort        cli.Order   `group:"logs" placeholder:"[session]" help:"Sort requests by arrival time, or with session bring the lines of each session together. Uses a temporary file."`
	KeepHeaders cli.Strings `group:"logs" help:"Captured headers and URL parameters to keep beside those that LLM APIs need." placeholder:"NAME…"`
	KeepSecrets bool        `group:"logs" help:"Keep all captured headers and URL parameters, secrets too."`

	MinPromptLength *int   `group:"length" help:"Minimum length: of random prompts in tokens; other prompts below it are dropped, by characters, or by tokens with --tokenizer-path." placeholder:"N"`
	MaxPromptLength *int   `group:"length" help:"Maximum length, as above. Default for random: 1024." placeholder:"N"`
	Distribution    string `group:"length" help:"Distribution of random lengths between the two: uniform, fixed (the maximum), normal[:MEAN/SD] or zipf[:S]. Default: uniform." placeholder:"uniform"`
	Lengths         string `group:"length" help:"Mix of random lengths, input/output tokens: 70%:128/64,30%:1000-4096/512." placeholder:"MIX"`
	PrefixLength    int    `group:"length" help:"Tokens of a shared prefix of random prompts, added to their length." placeholder:"N"`
	PrefixCount     int    `group:"length" default:"1" help:"Number of different shared prefixes, used in turn." placeholder:"N"`
	UniquePrefix    bool   `group:"length" help:"Start every prompt with 8 random words, to defeat prefix caches."`
	Charset         string `group:"length" enum:"everyday,ascii,all" default:"everyday" help:"Words of random text: everyday English, ascii, or all of the vocabulary, offensive ones too." placeholder:"everyday"`
	TokenizerPath   string `group:"length" help:"Tokenizer: a name, file, folder or repository. Default for random: o200k_base." placeholder:"NAME"`
	CountTemplate   bool   `group:"length" help:"Count the chat template of --tokenizer-path as part of the length."`
	TokenizePrompt  bool   `group:"length" help:"Send prompts as token ids, for /v1/completions."`
	PromptTokens    bool   `group:"length" help:"Write the number of prompt tokens in each line, if it is known: perf-send and perf-stats then report a server that counts differently. The lines become envelopes with the body in .body, which curl cannot send."`

	ImageWidth    int    `group:"more" default:"224" help:"Width of random_vl images, in pixels." placeholder:"N"`
	ImageHeight   int    `group:"more" default:"224" help:"Height of random_vl images, in pixels." placeholder:"N"`
	ImageNum      int    `group:"more" default:"1" help:"Images per request." placeholder:"N"`
	ImageFormat   string `group:"more" enum:"RGB,RGBA,L" default:"RGB" help:"Pixel format: RGB, RGBA or L (gray)." placeholder:"RGB"`
	ImageEncoding string `group:"more" enum:"png,jpeg" default:"png" help:"Image encoding: png or jpeg." placeholder:"png"`
	ImageNoise    bool   `group:"more" help:"Noise, which does not compress."`

	MinTurns  int         `group:"more" default:"1" help:"Minimum turns of a conversation." placeholder:"N"`
	MaxTurns  int         `group:"more" help:"Maximum turns of a conversation. Default: all turns in the data." placeholder:"N"`
	TurnDelay cli.Strings `group:"more" help:"Pause before each later turn, such as 500ms; of two values each turn draws one between them." placeholder:"TIME [TIME]"`

	API               string      `group:"body" name:"api" help:"API of the requests: ${apis}. Default: openai, or what the dataset implies." placeholder:"NAME"`
	APISpec           string      `group:"body" name:"api-spec" help:"Specification of an API, for --api custom; see docs/apis.md." placeholder:"FILE"`
	Model             string      `group:"body" help:"Model name, or a mix: a=0.7,b=0.3. Default: none; perf-send then asks the server." placeholder:"NAME"`
	QueryTemplate     string      `group:"body" help:"Request body as JSON, or @FILE; %m is the model and %p the prompt." placeholder:"JSON"`
	ApplyChatTemplate *bool       `group:"body" negatable:"" help:"Write messages for /v1/chat/completions; otherwise a prompt for /v1/completions. Default: on."`
	RenderTemplate    bool        `group:"body" name:"render-chat-template" help:"Render messages with the chat template of --tokenizer-path into a prompt, for /v1/completions."`
	Stream            *bool       `group:"body" negatable:"" help:"Request streamed answers. Default: on."`
	MaxTokens         cli.Ints    `group:"body" help:"Maximum output tokens; of two numbers each request draws one between them. Default: 128 for random, else 2048." placeholder:"N [N]"`
	MinTokens         *int        `group:"body" help:"Minimum output tokens." placeholder:"N"`
	IgnoreEOS         *bool       `group:"body" name:"ignore-eos" help:"Generate up to --max-tokens even if the model would stop."`
	NChoices          *int        `group:"body" help:"Number of answers to each request." placeholder:"N"`
	Stop              cli.Strings `group:"body" help:"Stop sequences." placeholder:"TEXT…"`
	StopTokenIDs      cli.Ints    `group:"body" name:"stop-token-ids" help:"Stop token ids." placeholder:"ID…"`
	Temperature       *float64    `group:"body" help:"Sampling temperature. Default: 0." placeholder:"T"`
	TopP              *float64    `group:"body" placeholder:"P" help:"Nucleus sampling."`
	TopK              *int        `group:"body" placeholder:"K" help:"Sample from the K likeliest tokens."`
	FrequencyPenalty  *float64    `group:"body" placeholder:"X" help:"Frequency penalty."`
	RepetitionPenalty *float64    `group:"body" placeholder:"X" help:"Repetition penalty, a factor."`
	Logprobs          *bool       `group:"body" help:"Request log probabilities."`
	Label             cli.Labels  `group:"body" placeholder:"KEY=VALUE" help:"Labels of every request, which perf-send copies to its record."`
	LabelArgs         bool        `group:"body" help:"Label every request with the flags of perf-gen, such as dataset and max_tokens, so that records can be told apart by them."`
	ExtraArgs         string      `group:"body" help:"JSON merged into the body, or @FILE; keys that are options of the dataset go to the dataset instead." placeholder:"JSON"`

	Output string `short:"o" group:"output" help:"Output file; .gz and .zst are compressed. Default: stdout." placeholder:"FILE"`
	cli.VersionFlag
	cli.ModeFlag
	templateArgs gjson.Result // chat_template_kwargs of --extra-args, once they are read
}

// groups returns the headings of --help.
func groups() []kong.Option {
	return []kong.Option{
		cli.Groups(
			kong.Group{Key: "data", Title: "Data:"},
			kong.Group{Key: "length", Title: "Length of prompts:"},
			kong.Group{Key: "body", Title: "Body of a request:"},
			kong.Group{Key: "more", Title: "Pictures and conversations:"},
			kong.Group{Key: "logs", Title: "Captured logs and traces:"},
			kong.Group{Key: "output", Title: "Output:"},
		),
		kong.Vars{"datasets": strings.Join(dataset.Names(), ", "), "apis": strings.Join(api.Names(), ", "),
			"formats": strings.Join(dataset.Formats(), ", ")},
		cli.Choices{"dataset": dataset.Names(), "api": append(api.Names(), api.Custom), "format": dataset.Formats(),
			"distribution": {"uniform", "fixed", "normal", "zipf"}},
	}
}

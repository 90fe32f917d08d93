package main

import (
	"strings"

	"github.com/alecthomas/kong"

	"llmperf/internal/api"
	"llmperf/internal/cli"
	"llmperf/internal/dataset"
)

const description = "Write requests to a language model, one JSON line each: from random text, files or captured logs. " +
	"Each line can be sent by perf-send or by curl.\n\n" +
	"  perf-gen --dataset random --number 200 --max-prompt-length 256 | perf-send --rate 10 | perf-stats\n" +
	"  perf-gen --prompt 'write a story' --number 1 | curl -d @- -H 'content-type: application/json' $URL\n" +
	"  perf-gen --dataset trace --sort access.log | perf-send --arrival trace --url $URL > records.jsonl"

// flags are the command line. A nil pointer is a flag that was not typed: only those that were override a template or
// the data.
type flags struct {
	Files       []string  `arg:"" optional:"" help:"Files to read, as --dataset-path."`
	Dataset     string    `group:"data" help:"What to make requests of: ${datasets}. A repository ORG/NAME stands for text. Default: random; of files line_by_line, of .har and .csv trace." placeholder:"NAME"`
	DatasetPath cli.Paths `group:"data" help:"Files to read; - is stdin." placeholder:"FILE ..."`
	DataSource  string    `group:"data" enum:"modelscope,huggingface,local" default:"modelscope" help:"Where names of repositories are looked up: modelscope, huggingface, local." placeholder:"modelscope"`
	TextColumn  string    `group:"data" help:"Column with the text, of --dataset text." placeholder:"NAME"`
	DatasetArgs string    `group:"data" help:"JSON that shapes the data, such as {\"target_input_len\":1000}; or @FILE." placeholder:"JSON"`
	Offset      int64     `group:"data" name:"dataset-offset" help:"Requests at the beginning to leave out." placeholder:"N"`
	List        bool      `group:"data" name:"list-datasets" help:"Print what datasets there are, and exit."`
	Prompt      *string   `group:"data" help:"One prompt, sent again and again: TEXT, or @FILE." placeholder:"TEXT"`
	Number      cli.Ints  `group:"data" short:"n" help:"How many lines; the sum of a list; 0 is endless. Default: 100; of files every line once." placeholder:"N ..."`
	Repeat      int       `group:"data" default:"1" help:"Give all of it so many times." placeholder:"N"`
	Shuffle     bool      `group:"data" help:"Give it in random order, each time another. Holds it in a temporary file."`
	Seed        *int64    `group:"data" help:"Makes the same requests again; also sent as seed. Default: another one every time." placeholder:"N"`
	OnBadLine   string    `group:"data" enum:"fail,skip" default:"fail" help:"What a line that cannot be read does: fail or skip." placeholder:"fail"`
	NumWorkers  int       `group:"data" help:"Goroutines that make random requests; 0: as the machine has. The output is the same." placeholder:"N"`

	Format      string      `group:"logs" help:"Format of --dataset trace: ${formats}. Default: as each file looks." placeholder:"NAME"`
	BlockSize   int         `group:"logs" help:"Tokens of a block that a trace has a hash of. Default: mooncake 512, bailian 16, or as the data has it." placeholder:"N"`
	Sort        bool        `group:"logs" help:"Put requests in the order of their arrival. Holds them in a temporary file."`
	KeepHeaders cli.Strings `group:"logs" help:"Captured headers and URL parameters to keep beside those that LLM APIs need." placeholder:"NAME ..."`
	KeepSecrets bool        `group:"logs" help:"Keep all captured headers and URL parameters, secrets too."`

	MinPromptLength *int   `group:"length" help:"Least tokens of a random prompt; of others the least to let through, in characters, or in tokens with --tokenizer-path." placeholder:"N"`
	MaxPromptLength *int   `group:"length" help:"Most tokens of a random prompt, or most to let through. Default for random: 1024." placeholder:"N"`
	Distribution    string `group:"length" help:"Of random lengths between them: uniform, fixed (the most), normal[:MEAN/SD], zipf[:S]." placeholder:"uniform"`
	Lengths         string `group:"length" help:"Mixture of random lengths, as 70%:128/64,30%:1000-4096/512: tokens in and tokens out." placeholder:"MIX"`
	PrefixLength    int    `group:"length" help:"Tokens of a common beginning of random prompts, on top of their length." placeholder:"N"`
	PrefixCount     int    `group:"length" default:"1" help:"How many different beginnings, in turn." placeholder:"N"`
	UniquePrefix    bool   `group:"length" help:"Begin every prompt with 8 random words of its own, so that no prefix cache helps."`
	Charset         string `group:"length" enum:"everyday,ascii,all" default:"everyday" help:"Words of random text: everyday English, ascii, or all of the vocabulary, offensive ones too." placeholder:"everyday"`
	TokenizerPath   string `group:"length" help:"Vocabulary to count in. Default for random: o200k_base." placeholder:"NAME"`
	CountTemplate   bool   `group:"length" help:"Take the chat template of --tokenizer-path into the lengths."`
	TokenizePrompt  bool   `group:"length" help:"Send prompts as token ids, to /v1/completions."`
	PromptTokens    bool   `group:"length" help:"Say in each line how many tokens its prompt has, where that is known: perf-send and perf-stats then tell if the server counts others. The lines are envelopes then, whose body is .body, and not for curl."`

	ImageWidth    int    `group:"more" default:"224" help:"Pixels of a random_vl picture." placeholder:"N"`
	ImageHeight   int    `group:"more" default:"224" placeholder:"N" help:"Pixels of a random_vl picture."`
	ImageNum      int    `group:"more" default:"1" help:"Pictures in a request." placeholder:"N"`
	ImageFormat   string `group:"more" enum:"RGB,RGBA,L" default:"RGB" help:"RGB, RGBA or L (grey)." placeholder:"RGB"`
	ImageEncoding string `group:"more" enum:"png,jpeg" default:"png" help:"png or jpeg." placeholder:"png"`
	ImageNoise    bool   `group:"more" help:"Pictures that no encoding makes smaller."`

	MinTurns  int         `group:"more" default:"1" help:"Least turns of a conversation." placeholder:"N"`
	MaxTurns  int         `group:"more" help:"Most turns of a conversation. Default: all that the data has." placeholder:"N"`
	TurnDelay cli.Strings `group:"more" help:"Time before each later turn, such as 500ms; of two each turn draws one between them." placeholder:"TIME [TIME]"`

	API               string      `group:"body" name:"api" help:"Dialect of the body: ${apis}. Default: openai, or as the dataset asks." placeholder:"NAME"`
	APISpec           string      `group:"body" name:"api-spec" help:"An API described by data, for --api custom; docs/apis.md shows how." placeholder:"FILE"`
	Model             string      `group:"body" help:"Model to ask for, or a mix: a=0.7,b=0.3. Default: none is named, and perf-send asks the server." placeholder:"NAME"`
	QueryTemplate     string      `group:"body" help:"The body as JSON, or @FILE; %m is the model and %p the prompt." placeholder:"JSON"`
	ApplyChatTemplate *bool       `group:"body" negatable:"" help:"Write messages for /v1/chat/completions, rather than prompt for /v1/completions. Default: on."`
	RenderTemplate    bool        `group:"body" name:"render-chat-template" help:"Write the text that the chat template of --tokenizer-path makes of messages as prompt, for /v1/completions."`
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
	Label             cli.Labels  `group:"body" placeholder:"KEY=VALUE" help:"Labels of every request, beside its body, which perf-send copies to the records."`
	ExtraArgs         string      `group:"body" help:"JSON merged into the body, or @FILE; keys that the dataset knows shape the data instead." placeholder:"JSON"`

	Output string `short:"o" group:"output" help:"File to write; .gz and .zst compress. Default: stdout." placeholder:"FILE"`
	cli.VersionFlag
	cli.ModeFlag
}

// groups are the headings of --help.
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
		cli.Choices{"dataset": dataset.Names(), "api": append(api.Names(), "custom"), "format": dataset.Formats(),
			"distribution": {"uniform", "fixed", "normal", "zipf"}},
	}
}

package main

import (
	"slices"

	"perfpipe/internal/evalscope"
)

// kind is the syntax of a flag, and the type of its value in benchmark_args.json.
type kind int

const (
	word     kind = iota // one word
	number               // one whole number
	floating             // one number
	words                // one or more words
	numbers              // one or more whole numbers
	floats               // one or more numbers
	pairs                // one or more NAME=VALUE
	on                   // no value
	onOff                // no value; --no-NAME is its opposite
)

// flag is one flag of evalscope perf and its translation.
type flag struct {
	name   string
	kind   kind
	def    any    // evalscope's default
	to     string // the stages that take it: gen send stats plot; stage:name if the flag has another name there
	own    bool   // split.go translates it
	extra  bool   // evalscope has no such flag, and benchmark_args.json no such key
	unused string // why it is accepted but has no effect
}

const queue = "there is no queue that a slow consumer fills: records stream"

// allFlags returns the command line of evalscope perf, in the order of its help.
func allFlags() []flag {
	return slices.Concat(
		modelFlags(), serverFlags(), loadFlags(), slaFlags(), queueFlags(),
		resultFlags(), promptFlags(), datasetFlags(), answerFlags(),
	)
}

func modelFlags() []flag {
	return []flag{
		{name: "model", to: "gen", own: true},
		{name: "attn-implementation", to: "send"},
		{name: "api", def: "openai", own: true},
		{name: "tokenizer-path", to: "gen send"},
	}
}

func serverFlags() []flag {
	return []flag{
		{name: "url", def: "http://127.0.0.1:8877/v1/chat/completions", own: true},
		{name: "port", kind: number, def: 8877, own: true},
		{name: "headers", kind: pairs, def: map[string]string{}, to: "send"},
		{name: "api-key", own: true},
		{name: "connect-timeout", kind: number, to: "send"},
		{name: "read-timeout", kind: number, to: "send"},
		{name: "total-timeout", kind: number, def: 21600, to: "send"},
		{name: "no-test-connection", kind: on, def: false, to: "send"},
	}
}

func loadFlags() []flag {
	return []flag{
		{name: "number", kind: numbers, def: 1000, own: true},
		{name: "parallel", kind: numbers, def: 1, own: true},
		{name: "rate", kind: floats, def: evalscope.Float(-1), own: true},
		{name: "warmup-num", kind: floating, def: 0, own: true},
		{name: "open-loop", kind: on, def: false, own: true},
		{name: "sleep-interval", kind: number, def: 5, to: "send"},
		{name: "duration", kind: floating, to: "send"},
		{name: "enable-pd-metrics", kind: on, def: false, own: true},
		{name: "scenario", own: true},
	}
}

func slaFlags() []flag {
	return []flag{
		{name: "sla-auto-tune", kind: on, def: false, own: true},
		{name: "sla-variable", def: "parallel", own: true},
		{name: "sla-params", own: true},
		{name: "sla-num-runs", kind: number, def: 3, own: true},
		{name: "sla-upper-bound", kind: number, def: 65536, own: true},
		{name: "sla-lower-bound", kind: number, def: 1, unused: "the search goes down to 1"},
		{name: "sla-fixed-parallel", kind: number, unused: "a search of the rate is an open loop"},
		{name: "sla-number-multiplier", kind: floating, unused: "each level takes as many requests as decide it"},
	}
}

func queueFlags() []flag {
	return []flag{
		{name: "db-commit-interval", kind: number, def: 1000, unused: queue},
		{name: "queue-size-multiplier", kind: number, def: 5, unused: queue},
		{name: "in-flight-task-multiplier", kind: number, def: 2, unused: queue},
		{name: "log-every-n-query", kind: number, def: 100, to: "send"},
		{name: "num-workers", kind: number, def: 0, to: "gen"},
	}
}

func resultFlags() []flag {
	return []flag{
		{name: "debug", kind: on, def: false, to: "send"},
		{name: "enable-progress-tracker", kind: on, def: false, unused: "records.jsonl grows while the run goes on"},
		{name: "visualizer", own: true},
		{name: "wandb-api-key", own: true},
		{name: "swanlab-api-key", own: true},
		{name: "swanlab-host", to: "stats"},
		{name: "name", own: true},
		{name: "alias", to: "plot:title"},
		{name: "outputs-dir", def: "outputs", own: true},
		{name: "no-timestamp", kind: on, def: false, own: true},
		{name: "python", own: true, extra: true},
	}
}

func promptFlags() []flag {
	return []flag{
		{name: "max-prompt-length", kind: number, def: 131072, own: true},
		{name: "min-prompt-length", kind: number, def: 0, own: true},
		{name: "prefix-length", kind: number, def: 0, to: "gen"},
		{name: "prefix-count", kind: number, def: 1, to: "gen"},
		{name: "prompt", to: "gen"},
		{name: "query-template", to: "gen"},
		{name: "apply-chat-template", kind: onOff, own: true},
		{name: "image-width", kind: number, def: 224, to: "gen"},
		{name: "image-height", kind: number, def: 224, to: "gen"},
		{name: "image-format", def: "RGB", to: "gen"},
		{name: "image-num", kind: number, def: 1, to: "gen"},
		{name: "image-patch-size", kind: number, def: 28, unused: "the server counts the tokens of pictures"},
	}
}

func datasetFlags() []flag {
	return []flag{
		{name: "dataset", def: "openqa", own: true},
		{name: "dataset-path", to: "gen"},
		{name: "data-source", to: "gen"},
		{name: "dataset-offset", kind: number, def: 0, to: "gen"},
		{name: "dataset-args", own: true},
		{name: "multi-turn", kind: on, def: false, own: true},
		{name: "multi-turn-args", own: true},
		{name: "min-turns", kind: number, def: 1, to: "gen"},
		{name: "max-turns", kind: number, to: "gen"},
	}
}

func answerFlags() []flag {
	return []flag{
		{name: "max-tokens", kind: numbers, def: 2048, own: true},
		{name: "min-tokens", kind: number, to: "gen"},
		{name: "n-choices", kind: number, to: "gen"},
		{name: "seed", kind: number, to: "gen send"},
		{name: "stop", kind: words, to: "gen"},
		{name: "stop-token-ids", kind: words, to: "gen"},
		{name: "stream", kind: onOff, def: true, to: "gen"},
		{name: "temperature", kind: floating, def: evalscope.Float(0), to: "gen"},
		{name: "top-p", kind: floating, to: "gen"},
		{name: "top-k", kind: number, to: "gen"},
		{name: "frequency-penalty", kind: floating, to: "gen"},
		{name: "repetition-penalty", kind: floating, to: "gen"},
		{name: "logprobs", kind: on, to: "gen"},
		{name: "extra-args", def: map[string]any{}, to: "gen"},
		{name: "tokenize-prompt", kind: on, def: false, to: "gen"},
	}
}

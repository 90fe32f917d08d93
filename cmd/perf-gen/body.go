package main

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/api"
	"perfpipe/internal/cli"
	"perfpipe/internal/dataset"
	"perfpipe/internal/dataset/body"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/vocabulary"
)

// shape returns the parts of a body that flags determine.
func (f *flags) shape(o *dataset.Options) (*body.Shape, error) {
	custom, err := api.Choose(f.API, f.APISpec)
	if err != nil {
		return nil, err
	}
	mix, err := body.ParseModels(f.Model)
	if err != nil {
		return nil, fault.Usage("write a mix as a=0.7,b=0.3", "--model %s: %w", f.Model, err)
	}
	s := &body.Shape{API: f.API, Custom: custom, Chat: f.ApplyChatTemplate, Models: mix, UniquePrefix: f.UniquePrefix,
		PromptTokens: f.PromptTokens, Seed: o.Seed}
	if f.QueryTemplate != "" {
		text, err := cli.TextOrFile("--query-template", f.QueryTemplate)
		if err != nil {
			return nil, err
		}
		s.Template, err = body.ParseTemplate(text, s.Models)
		if errors.Is(err, body.ErrNoModel) {
			return nil, fault.Usage("add --model NAME", "--query-template: %w", err)
		}
		if err != nil {
			return nil, fault.Usage("", "--query-template: %w", err)
		}
	}
	s.Params, s.MaxTokens = f.params()
	extra, err := f.extra(o)
	if err == nil && f.RenderTemplate {
		s.Chat = new(bool)
		s.Rendering, err = f.template(o)()
		extra = slices.DeleteFunc(extra, func(p body.Param) bool { return p.Key == "chat_template_kwargs" })
	}
	s.Override(extra)
	return s, err
}

// extra splits --extra-args into options of the dataset and parameters to send, and adds --dataset-args to the former.
func (f *flags) extra(o *dataset.Options) (sent []body.Param, err error) {
	take := func(key, value gjson.Result) {
		if err == nil {
			o.Args, err = sjson.SetRawBytes(o.Args, gjson.Escape(key.String()), []byte(value.Raw))
		}
	}
	err = cli.EachMember("--extra-args", f.ExtraArgs, func(key, value gjson.Result) {
		if key.String() == "chat_template_kwargs" {
			f.templateArgs = value
		}
		if dataset.Owns(f.Dataset, key.String()) {
			take(key, value)
		} else {
			sent = append(sent, body.Param{Typed: true, Param: api.Param{Key: key.String(), Value: []byte(value.Raw),
				Verbatim: true}})
		}
	})
	if err != nil {
		return nil, err
	}
	unknown := ""
	err = cli.EachMember("--dataset-args", f.DatasetArgs, func(key, value gjson.Result) {
		if take(key, value); !dataset.Owns(f.Dataset, key.String()) {
			unknown = key.String()
		}
	})
	if err == nil && unknown != "" {
		err = fault.Usage("what goes into the body is --extra-args", "--dataset-args: %s knows no %q", f.Dataset, unknown)
	}
	return sent, err
}

// params returns the parameters that flags set, in the order of the flags, and the limits of max_tokens.
func (f *flags) params() (params []body.Param, maxTokens []int) {
	add := func(key string, typed bool, value any) {
		params = append(params, body.Param{Typed: typed, Param: api.Param{Key: key, Value: body.Value(value)}})
	}
	typed := func(key string, value any) { add(key, true, value) }
	byDefault := func(key string, value any) { add(key, false, value) }
	if f.Model != "" {
		typed("model", nil) // drawn
	}
	optional(f.Stream, "stream", typed, func() { byDefault("stream", true) })
	maxTokens = f.MaxTokens
	if maxTokens == nil {
		maxTokens = []int{2048}
		if f.Prompt == nil && dataset.Synthetic(f.Dataset) {
			maxTokens = []int{dataset.RandomTokensOut}
		}
	}
	add("max_tokens", f.MaxTokens != nil, nil) // drawn
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

// labels returns the labels of every request: those of --label, which override those of --label-args.
func (f *flags) labels(args []string) cli.Labels {
	if !f.LabelArgs {
		return f.Label
	}
	_, maxTokens := f.params()
	return f.Label.Over(facts.Labels(args, map[string]any{"dataset": f.source(), "max_tokens": maxTokens},
		"dataset", "label", "label_args", "output", "mode"))
}

// source names the origin of the requests.
func (f *flags) source() string {
	if f.Prompt != nil {
		return "prompt"
	}
	return f.Dataset
}

func optional[T any](value *T, key string, typed func(string, any), absent func()) {
	if value != nil {
		typed(key, *value)
	} else if absent != nil {
		absent()
	}
}

// template opens the chat template beside the vocabulary.
func (f *flags) template(o *dataset.Options) func() (*body.Rendering, error) {
	return sync.OnceValues(func() (*body.Rendering, error) {
		t, err := vocabulary.OpenTemplate(f.TokenizerPath, o.TokenizerName)
		if err != nil {
			return nil, err
		}
		return body.NewRendering(t, f.templateArgs, time.Now())
	})
}

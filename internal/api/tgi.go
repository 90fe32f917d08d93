package api

import (
	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// tgi is the native API of Hugging Face's text-generation-inference.
var tgi = Dialect{
	Name: "tgi", Op: "generate", Ending: "generated_text", Path: "/generate{_stream}", Need: "inputs", NoModel: true,
	input: func(in Input) (object, error) {
		o, err := prompt(in, "inputs", "", "")
		// A reply without details has no token counts.
		return append(o, Param{Key: "parameters", Value: raw(map[string]bool{"details": true})}), err
	},
	place: placeTGI,
	read:  readTGI, times: tgiTimes,
	probe:  probing("inputs", probeText, "parameters.max_new_tokens", 1),
	reader: func() func(value) Event { return new(tgiReader).read },
}

func placeTGI(p Param) (place, bool) {
	if p.Key == "temperature" && gjson.ParseBytes(p.Value).Num == 0 {
		return place{"parameters.do_sample", json.RawMessage("false")}, true // it rejects a temperature of 0
	}
	return tgiPlaces(p)
}

var tgiPlaces = places(map[string]string{
	"max_tokens": "parameters.max_new_tokens", "temperature": "parameters.temperature", "top_p": "parameters.top_p",
	"top_k": "parameters.top_k", "frequency_penalty": "parameters.frequency_penalty",
	"repetition_penalty": "parameters.repetition_penalty", "seed": "parameters.seed", "stop": "parameters.stop[]",
	"stream": "stream", // the route decides; perf-send chooses the route by this key
})

// tgiReader counts the tokens of a stream, one per event, because only the last event has details.
type tgiReader struct{ tokens int }

func readTGI(v value) Event { return new(tgiReader).read(v) }

func (t *tgiReader) read(v value) Event {
	if v.isList() { // the route / returns a list of one
		v = v.at("0")
	}
	var e Event
	var token, generated, details value
	v.each(func(key string, v value) {
		switch key {
		case "token":
			token = v
		case "generated_text":
			generated = v
		case "details":
			details = v
		}
	})
	switch {
	case token.isObject():
		t.tokens++
		e.Usage = &Usage{Completion: t.tokens}
		special := token.at("special").isTrue()
		if !special {
			e.Content = token.at("text").string()
		}
		// The whole text is empty if the end was the only token; some servers send an empty one with each token.
		e.Done = generated.string() != "" || details.at("finish_reason").string() != "" ||
			special && generated.r.Type == gjson.String
	case generated.there():
		e.Content = generated.text()
	case v.isObject():
		e.Err = ErrorMessage(v.raw())
	}
	if d := details; d.isObject() {
		e.finish(d.at("finish_reason"))
		u := Usage{Prompt: d.at("prefill").size(), Completion: d.at("generated_tokens").count()}
		d.at("input_length").into(&u.Prompt)
		if told := nonzero(u); told != nil {
			e.Usage = told
		}
	}
	return e
}

package api

import (
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// tgi is the own API of Hugging Face's text-generation-inference.
var tgi = Dialect{
	Name: "tgi", Op: "generate", Ending: "generated_text", Path: "/generate{_stream}", Need: "inputs", NoModel: true,
	input: func(in Input) (object, error) {
		o, err := prompt(in, "inputs", "", "")
		// Without its details a reply has no count of tokens.
		return append(o, Param{Key: "parameters", Value: raw(map[string]bool{"details": true})}), err
	},
	place:  placeTGI,
	read:   readTGI,
	reader: func() func([]byte) (Event, error) { return new(tgiReader).read },
}

func placeTGI(p Param) (place, bool) {
	if p.Key == "temperature" && gjson.ParseBytes(p.Value).Num == 0 {
		return place{"parameters.do_sample", json.RawMessage("false")}, true // it refuses a temperature of 0
	}
	return tgiPlaces(p)
}

var tgiPlaces = places(map[string]string{
	"max_tokens": "parameters.max_new_tokens", "temperature": "parameters.temperature", "top_p": "parameters.top_p",
	"top_k": "parameters.top_k", "frequency_penalty": "parameters.frequency_penalty",
	"repetition_penalty": "parameters.repetition_penalty", "seed": "parameters.seed", "stop": "parameters.stop[]",
	"stream": "stream", // which the route decides, but perf-send by this key
})

type tgiEvent struct {
	Token *struct {
		Text    string `json:"text"`
		Special bool   `json:"special"`
	} `json:"token"`
	Generated *string         `json:"generated_text"`
	Details   *tgiDetails     `json:"details"`
	Error     json.RawMessage `json:"error"`
}

type tgiDetails struct {
	Finish    string `json:"finish_reason"`
	Generated int    `json:"generated_tokens"`
	Input     int    `json:"input_length"`
	Prefill   []struct {
		ID int `json:"id"`
	} `json:"prefill"`
}

// tgiReader counts the tokens of a stream, one an event, as its details come with the last event only.
type tgiReader struct{ tokens int }

func readTGI(data []byte) (Event, error) { return new(tgiReader).read(data) }

func (t *tgiReader) read(data []byte) (Event, error) {
	if strings.HasPrefix(string(data), "[{") { // the route / answers with a list of one
		data = []byte(gjson.GetBytes(data, "0").Raw)
	}
	var v tgiEvent
	if err := decode(data, &v); err != nil {
		return Event{}, err
	}
	var e Event
	if v.Token != nil {
		t.tokens++
		e.Usage = usage(0, t.tokens, 0, 0)
		if !v.Token.Special {
			e.Content = v.Token.Text
		}
		e.Done = v.Generated != nil
	} else if v.Generated != nil {
		e.Content = *v.Generated
	}
	if d := v.Details; d != nil {
		e.Finish = d.Finish
		e.Usage = usage(max(d.Input, len(d.Prefill)), d.Generated, 0, 0)
	}
	if present(v.Error) || v.Token == nil && v.Generated == nil {
		e.Err = ErrorMessage(data)
	}
	return e, nil
}

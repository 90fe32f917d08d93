package dataset

import (
	"context"

	"github.com/tidwall/gjson"

	"llmperf/internal/api"
)

// shareGPT is where the conversations of a language are.
func shareGPT(language string) where {
	file := "common_" + language + "_70k.jsonl"
	return where{"swift/sharegpt", "shareAI/ShareGPT-Chinese-English-90k", []string{file}, []string{"sharegpt_jsonl/" + file}}
}

// conversations reads data of conversations. Each is one request, the last answer left out, or a request of many turns.
// key is where a row has its messages, if it is not a list of them itself.
func conversations(w where, many bool, keys ...string) func(context.Context, *Options) (items, error) {
	return func(ctx context.Context, o *Options) (items, error) {
		if err := o.textOnly("conversations"); err != nil {
			return nil, err
		}
		paths, err := o.local(ctx, w)
		if err != nil {
			return nil, err
		}
		p, err := newPrompts(o)
		if err != nil {
			return nil, err
		}
		return func(yield func(*Item, error) bool) {
			defer p.said()
			short := 0
			for line, err := range o.objects(paths) {
				var it Item
				keep := true
				if err == nil {
					if keep, err = conversation(p, line.Bytes, many, keys, &it); err != nil {
						err = line.wrong(err)
					} else if many && len(it.Turns) < o.MinTurns {
						keep = false
						short++
					}
				}
				if !pass(yield, &it, keep, err) {
					return
				}
			}
			if short > 0 {
				o.Say("%d conversations left out: fewer turns than --min-turns %d", short, o.MinTurns)
			}
		}, nil
	}
}

func conversation(p *prompts, line []byte, many bool, keys []string, it *Item) (keep bool, err error) {
	v := gjson.ParseBytes(line)
	system := v.Get("system").Str
	for _, key := range keys {
		if v.IsObject() && v.Get(key).Exists() {
			v = v.Get(key)
		}
	}
	all, err := readMessages(v)
	if err != nil {
		return true, err
	}
	if system != "" {
		all = append([]message{newMessage("system", system)}, all...)
	}
	said, about := history(all), ""
	if many {
		for i := len(said) - 1; i >= 0; i-- { // its length is that of the first thing the user says
			if said[i].role == "user" {
				about = said[i].text
			}
		}
	} else {
		about = lastUser(said)
	}
	if len(said) == 0 {
		p.left++
		return false, nil
	}
	if keep, err = p.fits(about); err != nil || !keep {
		return p.keep(keep), err
	}
	if many {
		it.Turns = p.o.turns(said)
	} else {
		it.In = &api.Input{Messages: list(said)}
	}
	return true, nil
}

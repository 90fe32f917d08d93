package dataset

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// vllmLine converts a line of vLLM's custom dataset.
func vllmLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	it.Length = t.mixed
	if n, err := optional(v, "output_tokens"); err == nil && n == 0 {
		t.skip(failed)
		return false, nil
	}
	return vllmItem(&prompts{o: &Options{Tokenizer: t.o.Tokenizer, TokenIDs: t.o.TokenIDs}}, v, it)
}

// vllmItem converts a prompt, which may have the number of output tokens beside it.
func vllmItem(p *prompts, v gjson.Result, it *Item) (bool, error) {
	if v.Get("prompt").Type != gjson.String {
		return true, fmt.Errorf("prompt is not text: %.40s", v.Get("prompt").Raw)
	}
	n, err := optional(v, "output_tokens")
	if err != nil {
		return true, err
	}
	if n > 0 {
		it.Own = ownMaxTokens(int(n))
	}
	return p.put(it, v.Get("prompt").String())
}

// isVLLM reports whether objects have a prompt, and otherwise only keys of vLLM's custom dataset.
func isVLLM(objects []gjson.Result) bool {
	for _, v := range objects {
		for _, key := range keysOf(v) {
			if key != "prompt" && key != "output_tokens" {
				return false
			}
		}
		if v.Get("prompt").Type != gjson.String {
			return false
		}
	}
	return true
}

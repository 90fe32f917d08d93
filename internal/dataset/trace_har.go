package dataset

import (
	"fmt"
	"io"
	"iter"
	"regexp"

	"github.com/tidwall/gjson"
)

var beginsHAR = regexp.MustCompile(`^\{\s*"log"\s*:\s*\{`)

// looksHAR detects the HTTP archives of browsers and proxies: {"log": {"entries": […]}}.
func looksHAR(s *sample) bool { return beginsHAR.Match(s.head) }

// readHAR reads one entry at a time.
func readHAR(t *trace, r io.Reader, name string) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		n := 0
		for entry, err := range elements(r, name, "log", "entries") {
			it, keep := &Item{}, true
			if n++; err == nil {
				if keep, err = t.harEntry(gjson.ParseBytes(entry.Bytes), it); err != nil {
					err = entryError(entry, n, err)
				}
			}
			if !t.emit(yield, it, keep, err) {
				return
			}
		}
	}
}

func (t *trace) harEntry(v gjson.Result, it *Item) (bool, error) {
	body := v.Get("request.postData.text").Str
	if body == "" {
		body = bodyOf(v.Get("request.content.text")) // as some proxies write it
	}
	keep, err := t.captured(it, v.Get("request.method").Str, v.Get("request.url").Str, body)
	if err != nil || !keep {
		return keep, err
	}
	for _, h := range v.Get("request.headers").Array() {
		t.header(it, h.Get("name").Str, h.Get("value").String())
	}
	ms, err := timeMs(v.Get("startedDateTime"))
	if err != nil {
		return true, fmt.Errorf("startedDateTime: %w", err)
	}
	t.at(it, ms)
	return true, nil
}

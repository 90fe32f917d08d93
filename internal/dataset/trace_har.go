package dataset

import (
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

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
			it, keep := &Item{Place: entry.place()}, true
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
	if text, ok := misread(body); ok && t.harLength(v, len(body), len(text)) {
		body = text
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

// misread returns a text in UTF-8 that was read as Latin-1, and reports whether it seems to be one.
func misread(body string) (string, bool) {
	text := make([]byte, 0, len(body))
	for _, r := range body {
		if r > 0xFF {
			return "", false
		}
		text = append(text, byte(r))
	}
	return string(text), len(text) < len(body) && utf8.Valid(text)
}

// harLength reports whether the length that was sent is misread, that of a body which browsers read as Latin-1, rather
// than n, that of the body as it is written. It counts such bodies, and those of which the length is not known.
func (t *trace) harLength(v gjson.Result, n, misread int) bool {
	sent := []int64{v.Get("request.bodySize").Int()}
	for _, h := range v.Get("request.headers").Array() {
		if strings.EqualFold(h.Get("name").Str, "content-length") {
			sent = append(sent, h.Get("value").Int())
		}
	}
	switch {
	case slices.Contains(sent, int64(misread)):
		t.notes["bodies in UTF-8 that were written as Latin-1 are read as UTF-8: %d"]++
		return true
	case !slices.Contains(sent, int64(n)):
		t.notes["bodies that look like UTF-8 written as Latin-1, and are sent as they are: %d"]++
	}
	return false
}

package dataset

import (
	"io"
	"iter"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"
)

var beginsInputs = regexp.MustCompile(`^\{\s*"data"\s*:\s*\[\s*\{`)

// looksInputs detects aiperf's inputs.json: {"data": [{"session_id": …, "payloads": […]}]}.
func looksInputs(s *sample) bool {
	return beginsInputs.Match(s.head) && strings.Contains(string(s.head), `"payloads"`)
}

// readInputs reads the bodies of one session at a time.
func readInputs(t *trace, r io.Reader, name string) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		n := 0
		for session, err := range elements(r, name, "data") {
			n++
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			v := gjson.ParseBytes(session.Bytes)
			for _, body := range v.Get("payloads").Array() {
				it := &Item{Bare: true, Place: session.place()}
				if id := v.Get("session_id"); id.Exists() {
					t.label(it, "session", id.String())
				}
				var err error
				if !body.IsObject() || !t.o.anyBody && !wasSent(body) {
					err = entryError(session, n, notBody(body))
				} else {
					it.Body, err = t.clean([]byte(body.Get("@ugly").Raw))
				}
				if !t.emit(yield, it, true, err) {
					return
				}
			}
		}
	}
}

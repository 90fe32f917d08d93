package sessions

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// outline writes a session in one line: of each call its id, what it waits for, the delay, tokens in and out, and the
// call whose messages it continues.
func outline(s *Session) string {
	words := []string{s.ID + ":"}
	for _, c := range s.Calls {
		w := c.ID
		for k, a := range c.After {
			w += map[bool]string{true: "<", false: ","}[k == 0] + s.Calls[a].ID
		}
		if c.DelayMs > 0 {
			w += fmt.Sprintf("+%g", c.DelayMs)
		}
		if c.History >= 0 {
			w += "~" + s.Calls[c.History].ID
		}
		if c.Messages != nil {
			w += "=" + string(c.Messages)
		} else {
			w += fmt.Sprintf("[%d/%d]", c.In, c.Out)
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// read returns the sessions of a trace with one value a line, and the errors.
func read(d Decoder, text string) (all []*Session, errs []string) {
	for n, line := range strings.Split(strings.TrimSpace(text), "\n") {
		some, err := d.Decode([]byte(line), n+1)
		if all = append(all, some...); err != nil {
			errs = append(errs, fmt.Sprintf("line %d: %v", n+1, err))
		}
	}
	for s, err := range d.End() {
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		all = append(all, s)
	}
	return all, errs
}

// check compares the outlines of a trace, and its errors, with what is wanted, one a line.
func check(t *testing.T, d Decoder, text, want string) {
	t.Helper()
	all, errs := read(d, text)
	var got []string
	for _, s := range all {
		got = append(got, outline(s))
		if err := valid(s); err != nil {
			t.Errorf("%s: %v", outline(s), err)
		}
	}
	if got := strings.Join(append(got, errs...), "\n"); got != want {
		t.Errorf("%s\ngot\n%s\nwant\n%s", text, got, want)
	}
}

// valid returns an error if a session is not what Decoder promises.
func valid(s *Session) error {
	ids := map[string]bool{}
	for k, c := range s.Calls {
		switch {
		case ids[c.ID]:
			return fmt.Errorf("two calls %s", c.ID)
		case c.History >= k || c.History < -1:
			return fmt.Errorf("call %s continues call %d", c.ID, c.History)
		case !(c.DelayMs >= 0 && c.DelayMs <= maxDelayMs):
			return fmt.Errorf("call %s has a delay of %g", c.ID, c.DelayMs)
		case slices.ContainsFunc(c.After, func(a int) bool { return a < 0 || a >= k }):
			return fmt.Errorf("call %s waits for %v", c.ID, c.After)
		case c.Messages == nil && c.Prompt == nil && c.Body == nil && c.In < 0:
			return fmt.Errorf("call %s has nothing to send", c.ID)
		}
		ids[c.ID] = true
	}
	if len(s.Calls) == 0 {
		return errors.New("no calls")
	}
	return nil
}

// fuzz runs a decoder on lines: it must not panic, and what it returns must be a graph.
func fuzz(f *testing.F, decoder func() Decoder, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, _ := read(decoder(), text)
		for _, s := range all {
			if err := valid(s); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
		}
	})
}

package dataset

import (
	"strings"
	"testing"

	"perfpipe/internal/dataset/sessions"
)

// FuzzMooncakeSessions: what the decoder returns is a graph, whatever waits for what.
func FuzzMooncakeSessions(f *testing.F) {
	f.Add(`{"request_id":"a","session_id":"s","timestamp":10,"input_length":100,"hash_ids":[1]}
{"request_id":"j","session_id":"s","wait_for":["a","b"],"delay":5,"tool_wait_ms":700,"input_length":600,"hash_ids":["x",2]}
{"request_id":"b","session_id":"t","wait_for":["a"],"input_length":100}`)
	f.Add(`{"session_id":"s","messages":[{"role":"user","content":"a"}]}
{"session_id":"s","delay":1500,"text_input":"b"}`)
	f.Fuzz(func(t *testing.T, text string) {
		d := &mooncakeSessions{}
		for n, line := range strings.Split(text, "\n") {
			d.Decode([]byte(line), n+1)
		}
		for s, err := range d.End() {
			if err != nil {
				continue
			}
			for k, c := range s.Calls {
				bad := c.History >= k || c.DelayMs < 0
				for _, a := range c.After {
					bad = bad || a < 0 || a >= k
				}
				if bad {
					t.Fatalf("%q: call %d of %s is %+v", text, k, s.ID, c)
				}
			}
		}
	})
}

// TestMooncakeErrors: an error names the line at fault, also one that shows at the end of the file only.
func TestMooncakeErrors(t *testing.T) {
	for in, want := range map[string]string{
		`{"request_id":"a","wait_for":["b"],"input_length":1}`: `line 1: wait_for names "b", and there is no such request`,
		`{"request_id":"a","wait_for":["b"],"input_length":1}
{"request_id":"b","wait_for":["a"],"input_length":1}`: `line 1: wait_for makes requests wait for one another`,
	} {
		d := &mooncakeSessions{}
		for n, line := range strings.Split(in, "\n") {
			if _, err := d.Decode([]byte(line), n+1); err != nil {
				t.Fatal(err)
			}
		}
		var got error
		for _, err := range d.End() {
			got = err
		}
		if line, ok := got.(*sessions.LineError); !ok || line.Error() != want {
			t.Errorf("%s: %v, want %s", in, got, want)
		}
	}
}

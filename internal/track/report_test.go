package track

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// TestEvents compares all events of a small sweep with a golden file. docs/trackers.md describes them.
func TestEvents(t *testing.T) {
	s := collect(3, 4, 8)
	var l layout
	events := []*event{opening("", map[string]any{"api_key": "s3cret", "by": []string{"run"}}, &s.Blocks[0])}
	events[0].Name = events[0].Name[:len("tiny_")] // the rest is local time
	events = append(events, l.events(s, true, false)...)
	events = append(events, l.events(s, true, true)...)
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	for _, e := range append(events, closing(s, map[string]any{"dataset": "openqa"})...) {
		if err := enc.Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join("testdata", "events.json")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%s", got.Bytes())
	}
}

func TestSimulatedIsSaidEverywhere(t *testing.T) {
	s := collect(2, 4, 8)
	for i := range s.Blocks {
		s.Blocks[i].Simulated = true
	}
	var l layout
	for _, e := range append(closing(s, nil), slices.Concat(l.events(s, true, false), l.events(s, true, true))...) {
		text, err := encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(simulated)) {
			t.Errorf("not in %s", text)
		}
	}
}

func TestMasked(t *testing.T) {
	got := masked(map[string]any{
		"api_key": "k", "Authorization": "Bearer k", "hf-token": "k", "max_tokens": 5, "keys": "kept",
		"headers": map[string]any{"x-api-key": "k", "accept": "json"},
		"url":     []string{"https://me:pw@host/v1?key=k&n=1", "https://host/v1?n=1", "no url: a=b"},
		"list":    []any{"http://me@host/", 1.0},
	})
	want := map[string]any{
		"api_key": "***", "Authorization": "***", "hf-token": "***", "max_tokens": 5, "keys": "kept",
		"headers": map[string]any{"x-api-key": "***", "accept": "json"},
		"url":     []string{"https://***@host/v1?key=***&n=1", "https://host/v1?n=1", "no url: a=b"},
		"list":    []any{"http://***@host/", 1.0},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// TestFormerNameIsRead checks that a journal with the project's former name is read.
func TestFormerNameIsRead(t *testing.T) {
	for format, ok := range map[string]bool{"perfpipe-track/1": true, "llmperf-track/1": true, "other-track/1": false} {
		if _, err := decode([]byte(`{"op":"run","format":"` + format + `"}`)); (err == nil) != ok {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	s := collect(2, 4, 8)
	for _, e := range append(closing(s, nil), running(&s.Blocks[0]), opening("n", nil, &s.Blocks[0])) {
		line, err := encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := decode(line)
		if err != nil {
			return
		}
		text, err := encode(e)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decode(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if again, err := encode(back); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%q became %q: %v", text, again, err)
		}
	})
}

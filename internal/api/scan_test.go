package api

import (
	"reflect"
	"testing"
)

var scanned = []string{
	`{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}`,
	`{"id":"c","choices":[{"index":0,"delta":{"content":" the"},"finish_reason":null}],"usage":null}`,
	`{"choices":[{"delta":{"reasoning_content":"hm","content":null}}]}`,
	`{"choices":[{"text":"x","finish_reason":"length","stop_reason":null}]}`,
	`{"choices":[{"delta":{"content":"a\nb \u00e9"}}]}`,
	`{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",` +
		`"content":"a","refusal":null,"annotations":null,"audio":null,"function_call":null,"tool_calls":[],` +
		`"reasoning_content":null},"logprobs":null,"finish_reason":"stop","stop_reason":null}],` +
		`"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":null}}`,
	`{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":128,"total_tokens":131,"prompt_tokens_details":null}}`,
}

func TestScanReadsTheUsualEvents(t *testing.T) {
	for _, data := range scanned {
		got, ok := scanChat([]byte(data))
		want, err := chat.decode([]byte(data), readChat)
		if !ok || err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v, %v", data, got, ok, want, err)
		}
	}
}

// The scanner reads events as decoding does, or refuses them.
func FuzzScan(f *testing.F) {
	for _, data := range append(scanned, chunks...) {
		f.Add(data)
	}
	for _, data := range []string{
		`{"model":"a","model":"b"}`, `{"usage":{"prompt_tokens":1},"usage":null}`, `{"usage":{"prompt_tokens":1.0}}`,
		`{"choices":[{"index":"x"}]}`,
		`{"created":"x"}`, `{"id":1}`, `{"choices":[{"delta":{"content":"a"},"delta":{"content":"b"}}]}`, `{"choices":null}`,
		`{}`, `[]`, `null`,
		`{"Model":"m"}`, `{"choices":[{"delta":{"role":null}}]}`, `{"choices":[{"text":"a","delta":{"content":"b"}}]}`,
		` {"model":"m"} `, `{"model":"` + "\xff" + `"}`,
		`{"choices":[{"message":{"role":"assistant","content":"a\nb","tool_calls":[],"annotations":null}}]}`,
		`{"choices":[{"message":{"content":"a"},"delta":{}}]}`, `{"choices":[{"delta":{"content":"\ud800\u00e9\/"}}]}`,
		`{"choices":[null]}`, `{"choices":[{}]}`, `{"choices":[{"finish_reason":"stop"}],"usage":{}}`,
	} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		got, ok := scanChat([]byte(data))
		if !ok {
			return
		}
		want, err := chat.decode([]byte(data), readChat)
		if err != nil {
			t.Fatalf("%q cannot be decoded: %v", data, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\n got %+v\nwant %+v", data, got, want)
		}
	})
}

func BenchmarkReadChat(b *testing.B) {
	data := []byte(scanned[1])
	m := chat.Memo()
	m.Read(data)
	var e Event
	var u Usage
	for _, test := range []struct {
		name string
		read func()
	}{
		{"memo", func() { m.Match(data, &e, &u) }},
		{"scan", func() { chat.Read(data) }},
		{"decode", func() { chat.decode(data, readChat) }},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				test.read()
			}
		})
	}
}

// A Memo reads events as decoding does, whatever it has cached.
func FuzzMemo(f *testing.F) {
	seeds := append(scanned, chunks...)
	for i, data := range seeds {
		f.Add(seeds[(i+1)%len(seeds)], data)
	}
	f.Add(`{"id":"a","created":1,"choices":[{"delta":{"content":"b"}}]}`,
		`{"id":"x","created":22,"choices":[{"delta":{"content":"yy"}}]}`)
	f.Add(`{"id":"a","choices":[{"text":"b"}]}`, `{"id":"x","choices":[{"text":""}]}`)
	f.Add(`{"usage":{"prompt_tokens": 1,"total_tokens":3}}`, `{"usage":{"prompt_tokens": 0,"total_tokens":03}}`)
	f.Fuzz(func(t *testing.T, first, second string) {
		m := chat.Memo()
		m.Read([]byte(first))
		for _, data := range []string{first, second, second} {
			var e Event
			if m.Match([]byte(data), &e, new(Usage)) {
				if want, err := chat.Read([]byte(data)); err != nil || !reflect.DeepEqual(e, want) {
					t.Errorf("%q from the cache after %q:\n got %+v\nwant %+v (%v)", data, first, e, want, err)
				}
			}
			got, err := m.Read([]byte(data))
			want, wantErr := chat.Read([]byte(data))
			if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
				t.Errorf("%q after %q:\n got %+v (%v)\nwant %+v (%v)", data, first, got, err, want, wantErr)
			}
			if dec, err := chat.decode([]byte(data), readChat); data != "[DONE]" && err == nil && !reflect.DeepEqual(got, dec) {
				t.Errorf("%q after %q:\n got %+v\ndecoded %+v", data, first, got, dec)
			}
		}
	})
}

func TestMemoCachesLayouts(t *testing.T) {
	m := chat.Memo()
	for range 3 {
		for _, data := range scanned {
			m.Read([]byte(data))
		}
	}
	if n := len(*m.layouts.Load()); n != len(scanned)-1 { // a text with escapes has none
		t.Errorf("%d layouts of %d chunks", n, len(scanned))
	}
}

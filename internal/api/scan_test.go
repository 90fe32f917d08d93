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
	`{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":128,"total_tokens":131,"prompt_tokens_details":null}}`,
}

func TestScanReadsTheUsualChunks(t *testing.T) {
	for _, data := range scanned {
		got, ok := scanChat([]byte(data))
		want, err := decodeChat([]byte(data))
		if !ok || err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v, %v", data, got, ok, want, err)
		}
	}
}

// What the scanner reads, it reads as decoding does.
func FuzzScan(f *testing.F) {
	for _, data := range append(scanned, chunks...) {
		f.Add(data)
	}
	for _, data := range []string{
		`{"model":"a","model":"b"}`, `{"usage":{"prompt_tokens":1},"usage":null}`, `{"usage":{"prompt_tokens":1.0}}`, `{"choices":[{"index":"x"}]}`,
		`{"created":"x"}`, `{"id":1}`, `{"choices":[{"delta":{"content":"a"},"delta":{"content":"b"}}]}`, `{"choices":null}`, `{}`, `[]`, `null`,
		`{"Model":"m"}`, `{"choices":[{"delta":{"role":null}}]}`, `{"choices":[{"text":"a","delta":{"content":"b"}}]}`, ` {"model":"m"} `, `{"model":"` + "\xff" + `"}`,
		`{"choices":[null]}`, `{"choices":[{}]}`, `{"choices":[{"finish_reason":"stop"}],"usage":{}}`,
	} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		got, ok := scanChat([]byte(data))
		if !ok {
			return
		}
		want, err := decodeChat([]byte(data))
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
	for name, read := range map[string]func([]byte) (Event, error){"scan": readChat, "decode": decodeChat} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				read(data)
			}
		})
	}
}

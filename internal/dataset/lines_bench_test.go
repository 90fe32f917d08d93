package dataset

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/body"
)

// BenchmarkLines reads text, and bodies that lack a parameter.
func BenchmarkLines(b *testing.B) {
	text := strings.Repeat("some words of text ", 80)
	for name, line := range map[string]string{"text": text,
		"bodies": `{"model":"m","messages":[{"role":"user","content":"` + text + `"}],"temperature":0.5}`} {
		b.Run(name, func(b *testing.B) {
			data := []byte(strings.Repeat(line+"\n", 10000))
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				o := &Options{Paths: []string{"f"}, Number: All, Input: func(string) (io.Reader, string, func(), error) {
					return bytes.NewReader(data), "f", func() {}, nil
				}}
				source, err := Open(context.Background(), "line_by_line", o, &body.Shape{MaxTokens: []int{5}, Params: []body.Param{
					{Param: api.Param{Key: "stream", Value: []byte("true")}}, {Param: api.Param{Key: "max_tokens"}},
					{Param: api.Param{Key: "temperature", Value: []byte("0")}}}})
				if err != nil {
					b.Fatal(err)
				}
				for _, err := range source {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

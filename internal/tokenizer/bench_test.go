//go:build unix

package tokenizer

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cpuTime is the time that the process has had on a processor: with GOMAXPROCS=1 a figure that holds on a busy machine.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// prose is text that hardly repeats itself: the source of Go's standard library.
func prose(b *testing.B) string {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Skip("no go here")
	}
	files, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src/net/http/*.go"))
	var text strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		text.Write(data)
	}
	if text.Len() < 1<<20 {
		b.Skip("no source of Go here")
	}
	return text.String()
}

func benchmark(b *testing.B, v *vocabulary, text string) {
	tokens := len(v.Encode(text))
	start := cpuTime(b)
	for b.Loop() {
		v.Encode(text)
	}
	b.ReportMetric(float64(tokens)*float64(b.N)/(cpuTime(b)-start).Seconds()/1e6, "Mtoken/s")
}

func BenchmarkEncode(b *testing.B) {
	text := prose(b)
	for _, name := range []string{"o200k_base", "cl100k_base"} {
		b.Run(name, func(b *testing.B) { benchmark(b, open(b, name).(*vocabulary), text) })
	}
	for _, name := range []string{"gpt2", "llama3", "qwen2", "o200k", "deepseek", "falcon", "grouped", "llama2", "mistral",
		"gemma", "bert_uncased", "t5", "xlm_roberta"} {
		b.Run(name, func(b *testing.B) {
			v, _ := openVectors(b, name)
			benchmark(b, v, text)
		})
	}
}

// BenchmarkEncodeUnicode is about words of all scripts that do not come again.
func BenchmarkEncodeUnicode(b *testing.B) {
	v := open(b, "o200k_base").(*vocabulary)
	var ids []int
	x := uint64(1)
	for range 100_000 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		ids = append(ids, int(x%199_000))
	}
	benchmark(b, v, v.Decode(ids))
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		if _, err := readEmbedded("o200k_base", "o200k_base"); err != nil {
			b.Fatal(err)
		}
	}
}

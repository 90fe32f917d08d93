package cmd

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var step = regexp.MustCompile("<!-- (file|line) ([^ ,]+)(?:, (below|above) (.*?))? -->\n```go\n((?s:.*?))```\n")

// TestExtending follows the steps of docs/extending.md, in an overlay of the tree.
func TestExtending(t *testing.T) {
	doc, err := os.ReadFile("../docs/extending.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replace := map[string]string{}
	for i, m := range step.FindAllStringSubmatch(string(doc), -1) {
		kind, file, where, mark, text := m[1], m[2], m[3], m[4], m[5]
		path, err := filepath.Abs(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		if kind == "line" {
			text = insert(t, cmp.Or(replace[path], path), mark, text, where == "above")
		}
		name := fmt.Sprintf("%d.go", i)
		write(t, dir, name, text)
		replace[path] = filepath.Join(dir, name)
	}
	if len(replace) != 13 {
		t.Fatalf("%d files, want 13", len(replace))
	}
	generate(t, dir, replace)
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "overlay.json", string(overlay))
	build := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"),
		"-o", dir+string(filepath.Separator), "./perf-gen", "./perf-send", "./perf-stats")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// The tests that a new entry of a table must pass, but for that of its example in the docs.
	if out, err := exec.Command("go", "test", "-overlay", filepath.Join(dir, "overlay.json"), "-skip", "TestExamples",
		"../internal/api", "../internal/dataset", "../internal/schedule").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Encoding", "none")
		fmt.Fprint(w, `data: {"token":"blue","finish_reason":null}`+"\n\n"+
			`data: {"token":" sky","finish_reason":"stop"}`+"\n\n")
	}))
	defer server.Close()
	write(t, dir, "alpaca.jsonl", `{"instruction":"Translate","input":"Hund"}
{"instruction":"Sum","input":"1 2"}`)
	out, err := shell(dir, `./perf-gen --dataset alpaca alpaca.jsonl --api kobold --max-tokens 3 --repeat 3 >lines.jsonl
		head -1 lines.jsonl
		./perf-send --url `+server.URL+` --api kobold --rate 100 --arrival fours --no-test-connection --save-output \
			lines.jsonl 2>send.log >run.jsonl
		jq -r '[.output, .finish_reason, (.ok | tostring)] | join(",")' run.jsonl | sort -u
		jq -s '(map(.scheduled_us) | min) as $t | map((.scheduled_us - $t) / 1000) | unique' run.jsonl -c
		./perf-stats --slo 'headers_ms:p99<60000' --format json run.jsonl | jq '.blocks[0].metrics.headers_ms.mean > 0'
		./perf-stats -o run.brief run.jsonl && cat run.brief
		jq -s 'map(.content_encoding) | unique' -c run.jsonl`)
	want := `{"prompt":"Translate\nHund","max_length":3,"temperature":0}` + "\nblue sky,stop,true\n[0,40]\n" +
		"true\nrate=100: 6 of 6\n" + `["none"]` + "\n"
	if err != nil || out != want {
		log, _ := os.ReadFile(filepath.Join(dir, "send.log"))
		t.Errorf("%v: got\n%swant\n%s%s", err, out, want, log)
	}
}

// generate runs go generate for the changed package record, in a copy, and adds its output to the overlay.
func generate(t *testing.T, dir string, replace map[string]string) {
	t.Helper()
	src, err := filepath.Abs("../internal/record")
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "generated", "internal", "record")
	for _, d := range []string{to, filepath.Join(dir, "generated", "docs")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(replace[filepath.Join(src, "record.go")])
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, "record.go", string(text))
	generator := filepath.Join(dir, "generate")
	build := exec.Command("go", "build", "-o", generator, "generate.go")
	build.Dir = src // where its modules are known
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.Command(generator)
	run.Dir = to
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	replace[filepath.Join(src, "fields.go")] = filepath.Join(to, "fields.go")
}

// insert puts text below or above the line of a file that contains mark.
func insert(t *testing.T, path, mark, text string, above bool) string {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	n := 0
	for line := range strings.Lines(string(old)) {
		hit := strings.Contains(line, mark)
		if hit && above {
			b.WriteString(text)
		}
		b.WriteString(line)
		if hit && !above {
			b.WriteString(text)
		}
		if hit {
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%s: %d lines contain %s, not 1", path, n, mark)
	}
	return b.String()
}

package cmd

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver of database/sql
)

// The examples of evalscope's manual, with only the URL changed: testdata/evalscope/*.sh.
func examples(t *testing.T) map[string]string {
	files, err := filepath.Glob("testdata/evalscope/*.sh")
	if err != nil || len(files) != 14 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".sh")] = string(text)
	}
	return all
}

// evalscope runs an example with further flags in dir.
func evalscope(t *testing.T, dir, example, more string, env ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.Command("bash", "-ec", `evalscope() { evalscope-perf "$@" `+more+"; }\n"+example)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH")), env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// TestFromEvalscope compares docs/from-evalscope.md, which shows each example with its pipeline, with --dry-run.
func TestFromEvalscope(t *testing.T) {
	all := examples(t)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		title, command, _ := strings.Cut(all[name], "\n")
		out, errs, err := evalscope(t, t.TempDir(), all[name], "--dry-run --no-timestamp", "DASHSCOPE_API_KEY=s3cret")
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, errs)
		}
		if strings.Contains(out, "s3cret") {
			t.Errorf("%s: the pipeline shows the key", name)
		}
		pipeline, _, _ := strings.Cut(out, "\nperf-stats outputs") // the rest is the same for all
		fmt.Fprintf(&b, "### %s\n\n```bash\n%s```\n\n```bash\n%s\n```\n\n",
			strings.TrimPrefix(title, "# "), command, pipeline)
	}
	const file = "../docs/from-evalscope.md"
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- examples: go test ./cmd -run TestFromEvalscope -update -->\n\n", "<!-- end of examples -->\n"
	head, rest, ok1 := strings.Cut(string(doc), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the examples", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+begin+b.String()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if old != b.String() {
		t.Errorf("%s is not what --dry-run says: go test ./cmd -run TestFromEvalscope -update", file)
	}
}

// TestEvalscopeExamples runs the examples against the simulator, with fewer and shorter requests.
func TestEvalscopeExamples(t *testing.T) {
	addr, hub := serveSim(t), standInHub(t, smallVocabulary(t))
	fewer := map[string]string{
		"12-open-loop":    "--rate 50 100 200 --number 2 3 4",
		"13-warmup":       "--warmup-num 2",
		"14-warmup-share": "--warmup-num 0.5",
	}
	for name, text := range examples(t) {
		if strings.HasPrefix(name, "01-") || strings.HasPrefix(name, "02-") {
			continue // they start a server that needs Python and weights
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "prompt.txt", "write a story")
			write(t, dir, "template.json", `{"model":"%m","messages":[{"role":"user","content":"%p"}],"stream":true,`+
				`"stop":["<|im_end|>"],"max_tokens":1024}`)
			more := fewer[name]
			if !strings.Contains(more, "--number") {
				more += " --number 4"
			}
			more += " --sleep-interval 0 --max-tokens 3 --no-timestamp"
			if strings.Contains(text, "--min-tokens") {
				more += " --min-tokens 3"
			}
			if strings.Contains(text, "--max-prompt-length 2048") {
				more += " --min-prompt-length 100 --max-prompt-length 120"
			}
			out, errs, err := evalscope(t, dir, strings.ReplaceAll(text, "127.0.0.1:8000", addr), more,
				"DASHSCOPE_API_KEY=its-k3y", "HOME="+dir, "MODELSCOPE_ENDPOINT="+hub, "MODELSCOPE_CACHE="+dir)
			if err != nil {
				t.Fatalf("%v\n%s", err, errs)
			}
			if !strings.Contains(out, "Basic Information") || strings.Contains(errs, "its-k3y") {
				t.Errorf("printed %s\n%s", out, errs)
			}
			summaries, _ := filepath.Glob(filepath.Join(dir, "outputs", "*", "*", "benchmark_summary.json"))
			want := 1
			if name == "12-open-loop" {
				want = 3
			}
			if len(summaries) != want {
				t.Fatalf("%d summaries, not %d\n%s", len(summaries), want, errs)
			}
			for _, s := range summaries {
				checkPoint(t, filepath.Dir(s))
			}
			page := filepath.Join(filepath.Dir(filepath.Dir(summaries[0])), "perf_report.html")
			if info, err := os.Stat(page); err != nil || info.Size() < 1e5 {
				t.Errorf("perf_report.html: %v", err)
			}
		})
	}
}

// TestDryRun runs what --dry-run prints, as a script in a new folder.
func TestDryRun(t *testing.T) {
	dir := t.TempDir()
	command := "evalscope --model m --prompt hi --number 2 --max-tokens 2 --name 'a run' --url http://" + serveSim(t) + "/v1"
	text, errs, err := evalscope(t, dir, command, "--dry-run")
	if err != nil {
		t.Fatalf("%v\n%s", err, errs)
	}
	if out, err := shell(dir, text); err != nil {
		t.Fatalf("%v\n%s\n%s", err, text, out)
	}
	for _, want := range []string{"parallel_1_number_2/benchmark_summary.json", "perf_report.html"} {
		if found, _ := filepath.Glob(filepath.Join(dir, "outputs", "*", "a run", want)); len(found) != 1 {
			t.Errorf("the script wrote %q, not %s", found, want)
		}
	}
}

var pointName = regexp.MustCompile(`^(parallel_[0-9]+|rate_[0-9]+\.[0-9]+)_number_([0-9]+)$`)

// checkPoint checks the folder of a load point.
func checkPoint(t *testing.T, dir string) {
	t.Helper()
	number := pointName.FindStringSubmatch(filepath.Base(dir))
	if number == nil {
		t.Fatalf("the folder is %s", dir)
	}
	for file, keys := range map[string][]string{
		"benchmark_summary.json": {"Total Requests", "Success Requests"}, "benchmark_args.json": {"number", "parallel", "rate"},
	} {
		var got map[string]any
		if b, err := os.ReadFile(filepath.Join(dir, file)); err != nil || json.Unmarshal(b, &got) != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, k := range keys {
			if strings.Contains(k, "Requests") && fmt.Sprint(got[k]) != number[2] || got[k] == nil {
				t.Errorf("%s: %s is %v in %s", file, k, got[k], dir)
			}
		}
		if key := got["api_key"]; key != nil && key != "**********" {
			t.Errorf("%s shows the key", file)
		}
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "benchmark_data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var rows int
	err = db.QueryRow(`SELECT count(*) FROM result WHERE success = 1 AND latency > 0 AND json_valid(request)
		AND response_messages LIKE 'gAJd%' AND json_valid(inter_token_latencies) AND prompt_tokens > 0`).Scan(&rows)
	if err != nil || fmt.Sprint(rows) != number[2] {
		t.Errorf("%d good rows, %v, in %s", rows, err, dir)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// questions is a dataset in the form of openqa.
var questions = strings.Repeat(`{"question":"`+strings.Repeat("为什么天空是蓝色的?", 20)+"\"}\n", 3)

// smallVocabulary returns the files of a model without weights, by name.
func smallVocabulary(t *testing.T) map[string]string {
	vocab := map[string]int{"?": 0}
	for i := range 200 {
		vocab[fmt.Sprintf("w%d", i)] = i + 1
	}
	for _, w := range []string{"<|im_start|>", "<|im_end|>", "user", "assistant"} {
		vocab[w] = len(vocab)
	}
	tokenizer, err := json.Marshal(map[string]any{
		"version": "1.0", "added_tokens": []any{}, "pre_tokenizer": map[string]any{"type": "WhitespaceSplit"},
		"model": map[string]any{"type": "WordLevel", "unk_token": "?", "vocab": vocab},
	})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"tokenizer.json": string(tokenizer),
		"tokenizer_config.json": `{"chat_template":"{% for m in messages %}` +
			`{{ '<|im_start|> ' + m.role + ' ' + m.content + ' <|im_end|> ' }}{% endfor %}` +
			`{% if add_generation_prompt %}{{ '<|im_start|> assistant' }}{% endif %}"}`,
		"open_qa.jsonl": questions,
	}
}

// standInHub answers like ModelScope and Hugging Face; every model and dataset has the given files.
func standInHub(t *testing.T, files map[string]string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/repo/files"), strings.HasSuffix(r.URL.Path, "/repo/tree"):
			list := []map[string]any{}
			for name, body := range files {
				if page := r.FormValue("PageNumber"); page == "" || page == "1" {
					list = append(list, map[string]any{"Path": name, "Name": name, "Type": "blob", "Size": len(body),
						"Sha256": fmt.Sprintf("%x", sha256.Sum256([]byte(body)))})
				}
			}
			json.NewEncoder(w).Encode(map[string]any{"Code": 200, "Success": true, "Data": map[string]any{"Files": list}})
		case strings.Contains(r.URL.Path, "/revision/"):
			list := []map[string]string{}
			for name := range files {
				list = append(list, map[string]string{"rfilename": name})
			}
			json.NewEncoder(w).Encode(map[string]any{"siblings": list})
		default:
			name := r.FormValue("FilePath")
			if name == "" {
				name = path.Base(r.URL.Path)
			}
			body, ok := files[name]
			if !ok {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("X-Repo-Commit", strings.Repeat("1", 40))
			w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(body))))
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			if r.Method != http.MethodHead {
				w.Write([]byte(body))
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

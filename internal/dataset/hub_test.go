package dataset

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"perfpipe/internal/dataset/body"
	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/hub"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/tokenizer"
)

// fakeHub answers for data sets as ModelScope and Hugging Face do.
func fakeHub(t *testing.T, repo string, files map[string]string) func(string) string {
	t.Helper()
	mux := http.NewServeMux()
	serve := func(w http.ResponseWriter, r *http.Request, name string) {
		body, ok := files[name]
		if !ok {
			w.Header().Set("X-Error-Code", "EntryNotFound")
			http.NotFound(w, r)
			return
		}
		w.Header().Set("X-Repo-Commit", strings.Repeat("1", 40))
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(body), body))))
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
	}
	mux.HandleFunc("GET /api/datasets/"+repo+"/revision/{rev}", func(w http.ResponseWriter, r *http.Request) {
		var siblings []map[string]string
		for name := range files {
			siblings = append(siblings, map[string]string{"rfilename": name})
		}
		json.NewEncoder(w).Encode(map[string]any{"sha": strings.Repeat("1", 40), "siblings": siblings})
	})
	mux.HandleFunc("GET /datasets/"+repo+"/resolve/{rev}/{path...}", func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, r.PathValue("path"))
	})
	mux.HandleFunc("GET /api/v1/datasets/"+repo+"/repo/tree", func(w http.ResponseWriter, r *http.Request) {
		list := []map[string]any{}
		for name, body := range files {
			if r.FormValue("PageNumber") == "1" || r.FormValue("PageNumber") == "" {
				list = append(list, map[string]any{"Path": name, "Name": path.Base(name), "Type": "blob", "Size": len(body),
					"Sha256": fmt.Sprintf("%x", sha256.Sum256([]byte(body)))})
			}
		}
		json.NewEncoder(w).Encode(map[string]any{"Code": 200, "Success": true, "Data": map[string]any{"Files": list}})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	return func(name string) string {
		switch name {
		case "HF_ENDPOINT", "MODELSCOPE_ENDPOINT":
			return server.URL
		case "HOME", "HF_HOME", "MODELSCOPE_CACHE":
			return dir
		}
		return ""
	}
}

// table makes a Parquet file.
func table[T any](t *testing.T, rows ...T) string {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func archive(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// picture is a small file and its data URI.
func picture(t *testing.T, seed uint64) (file, uri string) {
	t.Helper()
	p := synth.Picture{Width: 3, Height: 2, Format: "RGB", Encoding: "png"}
	b, err := p.AppendURI(nil, synth.NewRand(seed))
	if err != nil {
		t.Fatal(err)
	}
	_, data, _ := strings.Cut(string(b), ",")
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), string(b)
}

type image struct {
	Bytes []byte `parquet:"bytes"`
	Path  string `parquet:"path"`
}

type exam struct {
	Question string `parquet:"question"`
	Image1   *image `parquet:"image_1,optional"`
	Image2   *image `parquet:"image_2,optional"`
	Image3   *image `parquet:"image_3,optional"`
	Image4   *image `parquet:"image_4,optional"`
	Image5   *image `parquet:"image_5,optional"`
	Image6   *image `parquet:"image_6,optional"`
	Image7   *image `parquet:"image_7,optional"`
}

type trajectory struct {
	Messages string `parquet:"messages"`
}

func user(text string) string { return `{"messages":[{"role":"user","content":` + text + `}]}` }

// TestHubDatasets reads each dataset of a hub, in the format that it has there, from either hub.
func TestHubDatasets(t *testing.T) {
	file1, uri1 := picture(t, 1)
	file2, uri2 := picture(t, 2)
	img := func(uri string) string { return `{"type":"image_url","image_url":{"url":"` + uri + `"}}` }
	part := func(text string) string { return `{"type":"text","text":"` + text + `"}` }
	talk := `{"conversation":[{"human":"a","assistant":"b"},{"human":"c","assistant":"d"}]}` + "\n"
	session := `{"input_prompt_length":9,"num_turns":1,"assistant_response_length":[5],"tool_call_output_length":[4],` +
		`"tool_call_latency":[0.5],"final_assistant_response_length":6}` + "\n"
	long := strings.Repeat("word ", 40)
	for _, c := range []struct {
		name             string
		modelscope, hf   string
		files            map[string]string
		hfFiles          map[string]string // where they differ
		args             string
		want             []string
		wantTurns, delay int
	}{
		{name: "openqa", modelscope: "AI-ModelScope/HC3-Chinese", hf: "Hello-SimpleAI/HC3-Chinese",
			files: map[string]string{"open_qa.jsonl": "{\"question\":\" 什么 \",\"human_answers\":[]}\n{\"question\":\"b\"}"},
			want:  []string{user(`"什么"`), user(`"b"`)}},
		{name: "longalpaca", modelscope: "AI-ModelScope/LongAlpaca-12k", hf: "Yukang/LongAlpaca-12k",
			files: map[string]string{"LongAlpaca-12k.json": "[\n {\"instruction\":\"a\",\"output\":\"x\"},\n " +
				"{\"instruction\":\"b\"}]"},
			want: []string{user(`"a"`), user(`"b"`)}},
		{name: "share_gpt_zh", modelscope: "swift/sharegpt", hf: "shareAI/ShareGPT-Chinese-English-90k",
			files:   map[string]string{"common_zh_70k.jsonl": talk},
			hfFiles: map[string]string{"sharegpt_jsonl/common_zh_70k.jsonl": talk},
			want: []string{`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user",` +
				`"content":"c"}]}`}},
		{name: "share_gpt_en", modelscope: "swift/sharegpt", hf: "shareAI/ShareGPT-Chinese-English-90k",
			files:   map[string]string{"common_en_70k.jsonl": talk},
			hfFiles: map[string]string{"sharegpt_jsonl/common_en_70k.jsonl": talk},
			want: []string{`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user",` +
				`"content":"c"}]}`}},
		{name: "share_gpt_zh_multi_turn", modelscope: "swift/sharegpt", hf: "shareAI/ShareGPT-Chinese-English-90k",
			files:   map[string]string{"common_zh_70k.jsonl": talk},
			hfFiles: map[string]string{"sharegpt_jsonl/common_zh_70k.jsonl": talk},
			want: []string{`{"turns":[{"body":{"messages":[{"role":"user","content":"a"}]}},` +
				`{"body":{"messages":[{"role":"user","content":"c"}]}}]}`}},
		{name: "share_gpt_en_multi_turn", modelscope: "swift/sharegpt", hf: "shareAI/ShareGPT-Chinese-English-90k",
			files:   map[string]string{"common_en_70k.jsonl": talk},
			hfFiles: map[string]string{"sharegpt_jsonl/common_en_70k.jsonl": talk},
			want: []string{`{"turns":[{"body":{"messages":[{"role":"user","content":"a"}]}},` +
				`{"body":{"messages":[{"role":"user","content":"c"}]}}]}`}},
		{name: "flickr8k", modelscope: "clip-benchmark/wds_flickr8k", hf: "clip-benchmark/wds_flickr8k",
			files: map[string]string{"test/0.tar": archive(t, "0.jpg", file1, "0.txt", "a dog\n", "1.jpg", file2, "1.txt",
				"a cat")},
			want: []string{user("[" + part("a dog") + "," + img(uri1) + "]"),
				user("[" + part("a cat") + "," + img(uri2) + "]")}},
		{name: "kontext_bench", modelscope: "black-forest-labs/kontext-bench", hf: "black-forest-labs/kontext-bench",
			files: map[string]string{"test/metadata.jsonl": `{"file_name":"images/1.png","instruction":"make it blue"}` + "\n" +
				`{"file_name":"images/2.png"}`,
				"test/images/1.png": file1, "test/images/2.png": file2},
			want: []string{user("[" + part("make it blue") + "," + img(uri1) + "]"),
				user("[" + part("Describe the image.") + "," + img(uri2) + "]")}},
		{name: "mmmu_multi_image", modelscope: "AI-ModelScope/MMMU", hf: "MMMU/MMMU",
			files: map[string]string{
				"Art/validation-00000-of-00001.parquet": table(t, exam{Question: "one <image 1> alone",
					Image1: &image{[]byte(file1), "a"}},
					exam{Question: "is <image 2> like <image 1>?", Image1: &image{[]byte(file1), "a"},
						Image2: &image{[]byte(file2), "b"}}),
				"Law/validation-00000-of-00001.parquet": table(t, exam{Question: "see", Image1: &image{[]byte(file2), "a"},
					Image2: &image{[]byte(file1), "b"}}),
				"Law/test-00000-of-00001.parquet": "not read"},
			want: []string{user("[" + part("see") + "," + img(uri2) + "," + img(uri1) + "]"),
				user("[" + part("is ") + "," + img(uri2) + "," + part(" like ") + "," + img(uri1) + "," + part("?") + "]")}},
		{name: "swe_smith", modelscope: "SWE-bench/SWE-smith-trajectories", hf: "SWE-bench/SWE-smith-trajectories",
			args: `{"first_turn_length":20,"subsequent_turn_length":[10,10]}`,
			files: map[string]string{"data/tool-00000-of-00001.parquet": table(t,
				trajectory{`[{"role":"system","content":"` + long + `"},{"role":"assistant","content":"x"}]`},
				trajectory{`[{"role":"user","content":"short"}]`}), "data/train-0.parquet": "not read"},
			want: []string{`{"turns":[{"body":` + user(`"word`+strings.Repeat(" word", 19)+`"`) + `},{"body":` +
				user(`"`+strings.Repeat(" word", 10)+`"`) +
				`},{"body":` + user(`"`+strings.Repeat(" word", 10)+`"`) + `},{"body":` + user(`" \n"`) + `}]}`}},
		{name: "trie_code_qa", modelscope: "evalscope/trie-workloads", hf: "evalscope/trie-workloads",
			files: map[string]string{"code_qa_8k.jsonl": session}, wantTurns: 2},
		{name: "trie_agentic_coding", modelscope: "evalscope/trie-workloads", hf: "evalscope/trie-workloads",
			files: map[string]string{"agentic_coding_8k.jsonl": session}, wantTurns: 2},
		{name: "trie_office_work", modelscope: "evalscope/trie-workloads", hf: "evalscope/trie-workloads",
			files: map[string]string{"office_work_8k.jsonl": session}, wantTurns: 2},
		{name: "text", modelscope: "some/data", hf: "some/data", files: map[string]string{"README.md": "x",
			"data/a.csv": "text,x\na,1\n\"b\nb\",2\n"},
			want: []string{user(`"a"`), user(`"b\nb"`)}},
	} {
		for _, source := range []hub.Source{hub.ModelScope, hub.HuggingFace} {
			t.Run(c.name+" "+string(source), func(t *testing.T) {
				repo, files := c.modelscope, c.files
				if source == hub.HuggingFace {
					repo = c.hf
					if c.hfFiles != nil {
						files = c.hfFiles
					}
				}
				o := &Options{Number: All, Args: json.RawMessage(c.args), Hub: hub.Options{Source: source,
					Getenv: fakeHub(t, repo, files)}, Tell: logged(t), Input: input,
					Tokenizer: func() (tokenizer.Tokenizer, error) { return open(t, "o200k_base"), nil }}
				if c.name == "text" {
					o.Paths = []string{repo}
				}
				got := lines(t, c.name, o)
				if c.wantTurns > 0 {
					checkSession(t, got)
					return
				}
				if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
					t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
				}
			})
		}
	}
}

// checkSession looks at a session of 9 and 4 tokens.
func checkSession(t *testing.T, got []string) {
	t.Helper()
	var r struct {
		Turns []struct {
			Body    sentBody
			DelayMs float64 `json:"delay_ms"`
		}
	}
	if len(got) != 1 || json.Unmarshal([]byte(got[0]), &r) != nil || len(r.Turns) != 2 {
		t.Fatalf("%s", got)
	}
	tok := open(t, "o200k_base")
	for k, want := range []struct {
		tokens, out int
		delay       float64
	}{{9, 5, 0}, {4, 6, 500}} {
		turn := r.Turns[k]
		if n := len(tok.Encode(turn.Body.Messages[0].Content)); n != want.tokens || turn.Body.MaxTokens != want.out ||
			turn.DelayMs != want.delay {
			t.Errorf("turn %d: %d tokens, %d out, after %g ms", k, n, turn.Body.MaxTokens, turn.DelayMs)
		}
	}
}

// input opens a file as the command does.
func input(path string) (io.Reader, string, func(), error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", nil, err
	}
	r, err := jsonl.Decompress(f)
	return r, filepath.Base(path), func() { f.Close() }, err
}

// lines returns the bodies of a dataset, without parameters.
func lines(t *testing.T, name string, o *Options) []string {
	t.Helper()
	source, err := Open(context.Background(), name, o, &body.Shape{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for r, err := range source {
		if err != nil {
			t.Fatal(err)
		}
		line, err := r.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(line))
	}
	return all
}

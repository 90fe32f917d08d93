package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/cli"
	"perfpipe/internal/request"
)

// readers are the ways in which perf-gen reads a file: its name, and the flags. Those with made make each body
// themselves, so that its keys are known; others pass bodies on.
var readers = []struct {
	file, flags string
	made        bool
}{
	{"in", "", false},
	{"in.txt", "", false},
	{"in.json", "", false},
	{"in.jsonl", "", false},
	{"in.csv", "", false},
	{"in.tsv", "--dataset text --text-column text", true},
	{"in.har", "", false},
	{"in.gz", "", false},
	{"in.parquet", "--dataset text", true},
	{"in.tar", "--dataset flickr8k", true},
	{"in.log", "--dataset trace", false},
	{"in.log", "--dataset trace --sort --block-size 16 --tokenize-prompt", false},
	{"in.jsonl", "--dataset custom", true},
	{"in.jsonl", "--dataset custom_multi_turn", true},
	{"in.json", "--dataset share_gpt_en --max-prompt-length 50", true},
	{"in.json", "--dataset share_gpt_zh_multi_turn --min-turns 2 --max-turns 3", true},
	{"in.jsonl", "--dataset text --text-column text", true},
	{"in.csv", "--dataset text --text-column text", true},
	{"in.jsonl", "--dataset openqa", true},
	{"in.json", "--dataset longalpaca", true},
	{"in.txt", "--dataset embedding", true},
	{"in.jsonl", "--dataset embedding_batch", true},
	{"in.csv", "--dataset embedding", true},
	{"in.jsonl", "--dataset rerank", true},
	{"in.json", "--dataset swe_smith", true},
	{"in.jsonl", "--dataset kontext_bench", true},
	{"in.jsonl", "--dataset mmmu_multi_image", true},
	{"in.jsonl", "--dataset trie_code_qa", true},
	{"in.txt", "--dataset sonnet --max-prompt-length 50 --prefix-length 10", true},
	{"in.txt", "--tokenizer-path o200k_base --dataset-args {\"target_input_len\":5}", false},
}

// madeKeys are those of bodies that perf-gen makes, unless flags ask for more.
const madeKeys = " model messages prompt input query documents stream max_tokens temperature ignore_eos rid tools " +
	"tool_choice " +
	"parallel_tool_calls functions response_format chat_template_kwargs reasoning_effort top_p top_k stop seed " +
	"presence_penalty " +
	"frequency_penalty repetition_penalty max_completion_tokens "

// mostHeap is how much memory a small file may take.
const mostHeap = 1 << 30

// mostOutput is how much is judged of one input: a line of a trace may ask for a prompt of 100 MB, and 30 of them stall
// the fuzzer. That its rate is 0 for a minute in between is the minimizer: -fuzzminimizetime 1x does without.
const mostOutput = 4 << 20

// longPrompt is a number that may be the length of a prompt which takes seconds to make: perf-gen refuses more than
// 2²⁴.
var longPrompt = regexp.MustCompile(`(^|[^0-9])[0-9]{7,8}([^0-9]|$)|[0-9.][eE]\+?0*[4-8]`)

var errEnough = errors.New("enough was judged")

// judge is an output that looks at each line. It is written to by another goroutine than the test's.
type judge struct {
	made  bool
	rest  []byte
	all   int // bytes written
	wrong error
}

func (j *judge) Write(p []byte) (int, error) {
	if j.all > mostOutput {
		return 0, errEnough
	}
	j.rest = append(j.rest, p...)
	for j.wrong == nil {
		line, rest, found := bytes.Cut(j.rest, []byte("\n"))
		if !found {
			break
		}
		j.wrong = j.line(line)
		j.rest = rest
	}
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	if metrics.Read(heap); heap[0].Value.Uint64() > mostHeap && j.wrong == nil {
		j.wrong = fmt.Errorf("%d MB of memory", heap[0].Value.Uint64()>>20)
	}
	if j.all += len(p); j.all > mostOutput && j.wrong == nil {
		return len(p), errEnough
	}
	return len(p), j.wrong
}

// line demands that perf-send takes it.
func (j *judge) line(line []byte) error {
	r, err := request.Parse(line)
	if err != nil {
		return fmt.Errorf("%.200q: %w", line, err)
	}
	bodies := [][]byte{r.Body}
	if r.Turns != nil {
		bodies = nil
		for _, turn := range r.Turns {
			bodies = append(bodies, turn.Body)
			if j.made && !gjson.GetBytes(turn.Body, "messages").IsArray() {
				return fmt.Errorf("a turn without messages: %.200q", turn.Body)
			}
		}
	}
	for _, body := range bodies {
		if !gjson.ValidBytes(body) {
			return fmt.Errorf("a body that is not JSON: %.200q", body)
		}
		if _, _, ok := api.Select("", "", body); !ok {
			return fmt.Errorf("a body of no API: %.200q", body)
		}
		if !j.made {
			continue
		}
		gjson.ParseBytes(body).ForEach(func(key, _ gjson.Result) bool {
			if !strings.Contains(madeKeys, " "+key.Str+" ") {
				err = fmt.Errorf("the key %q, which nobody asked for: %.200q", key.Str, body)
			}
			return err == nil
		})
	}
	return err
}

// FuzzInput: whatever a file is, each line that is made of it is one that perf-send takes, and the rest is an error.
func FuzzInput(f *testing.F) {
	for _, seed := range []string{
		"What is TCP?\n", `{"text":"a","question":"b","instruction":"c","prompt":"d","query":"e","documents":["f"]}`,
		`[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]`,
		"[\n {\"conversations\": [{\"from\": \"human\",\n \"value\": \"a\"}]}\n]",
		`{"messages":[{"role":"user","content":"w?"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1",` +
			`"type":"function","function":{"name":"w","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1",` +
			`"content":"21"}],"tools":"[{\"name\":\"w\"}]","x":1}`,
		`{"conversations":[{"from":"human","value":"w?"},{"from":"function_call","value":"{\"name\": \"w\"}"},` +
			`{"from":"observation","value":"1"}]}`,
		`{"timestamp":0,"input_length":640,"output_length":5,"hash_ids":[1,"2",18446744073709551615]}`,
		"text,question\n\"a \"\"b\"\"\",c\n",
		`{"log":{"entries":[{"startedDateTime":"2026-01-02T03:04:05Z","request":{"method":"POST",` +
			`"url":"http://a/v1/completions","headers":[{"name":"Authorization","value":"x"}],` +
			`"postData":{"text":"{\"prompt\":\"a\"}"}}}]}}`,
		`{"msec":"1700000000.1","request":"POST /v1/completions HTTP/1.1","request_body":"{\"prompt\":\"a\"}"}`,
		`{"body":{"prompt":"a"},"at_ms":1e300}`,
		`{"turns":[{"body":{"messages":[]},"delay_ms":1}]}`,
		`{"conversations":[[{"messages":[{"role":"user","content":"a"}],"rid":"s"}]]}`,
		`{"file_name":"../x","instruction":"a"}`,
		`{"input_prompt_length":9,"num_turns":1,"assistant_response_length":[3],"tool_call_output_length":[4],` +
			`"tool_call_latency":[0.5],"final_assistant_response_length":6}`,
		"\xef\xbb\xbf{\"prompt\":\"a\"}\r\n", "PAR1", "\x89PNG\r\n", "\x1f\x8b", "\xff\xfea\x00",
		"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,3,4\n",
		"Timestamp,Model,Request tokens,Response tokens\n1,a,2,0\n3,b,12.0,5\n",
		`{"input_prompt_length":1e18,"num_turns":0,"assistant_response_length":[],"tool_call_output_length":[],` +
			`"tool_call_latency":[]}`,
		`{"conversations":[[{"messages":"x"}]]}`, `{"text":null}`, `["a","b"]`, `{"query":1,"documents":{}}`,
		`{"task_id":"t","prompt":"a","test":"b"}`, `{"custom_id":"1","params":{"max_tokens":9,"messages":[]}}`,
		`{"turns":["a","b"]}`,
		`{"turns":[{"text":"a","delay":1}]}`, "sep=;\ntext;b\na;b\n",
		`{"timestamp":0,"input_length":99999,"output_length":1}`,
		"timestamp,input_length,hash_ids\n0,\"1,024\",\"[1, 2]\"\n", `{"a":"{\"b\":[{\"prompt\":\"c\"}]}"}`,
		"{'prompt': 'a'}\n",
	} {
		for reader := range readers {
			f.Add([]byte(seed), byte(reader))
		}
	}
	f.Setenv("XDG_CACHE_HOME", f.TempDir())
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, n byte) {
		if longPrompt.Match(data) {
			t.Skip("its prompts may be of millions of tokens")
		}
		reader := readers[int(n)%len(readers)]
		path := filepath.Join(dir, reader.file)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"--data-source", "local", "--seed", "1", "--number", "30", "--on-bad-line", "skip", "--dataset-path",
			path}
		args = append(args, strings.Fields(reader.flags)...)
		out := &judge{made: reader.made}
		env := &cli.Env{Name: "perf-gen", Args: args, Stdin: strings.NewReader(""), Stdout: out, Stderr: io.Discard}
		_ = run(env) // an error is fine
		if out.wrong != nil {
			t.Fatalf("%s %s: %v", reader.file, reader.flags, out.wrong)
		}
	})
}

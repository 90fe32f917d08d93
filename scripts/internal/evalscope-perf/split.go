package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/fault"
)

// stage is one command of the pipeline.
type stage struct {
	name string
	args []string
}

// add gives the stage a flag.
func (s *stage) add(flag string, list ...string) {
	if len(list) > 0 && (list[0] == "" || strings.HasPrefix(list[0], "-")) {
		flag, list = flag+"="+list[0], list[1:]
	}
	s.args = append(append(s.args, "--"+flag), list...)
}

// job is what an evalscope command line comes to.
type job struct {
	gen, send, stats, plot stage
	env                    []string // keys, which do not belong into a list of processes
	notes                  []string // what is taken and does nothing
	dataset                string
	search                 bool
	chat                   bool // messages rather than a text
}

// invented are the datasets for which perf-gen's own defaults are others than evalscope's.
var invented = []string{"random", "random_vl", "random_embedding", "random_embedding_batch", "random_rerank", "random_multi_turn"}

// filtered are those of which evalscope leaves out what is too long.
var filtered = []string{
	"openqa", "longalpaca", "custom", "line_by_line", "share_gpt_zh", "share_gpt_en", "share_gpt_zh_multi_turn",
	"share_gpt_en_multi_turn", "custom_multi_turn", "embedding", "embed", "embedding_batch",
}

// split divides the flags between the commands. After Ctrl-C perf-stats waits longer than perf-send does.
func split(flags []flag, v values) (*job, error) {
	j := &job{
		gen: stage{name: "perf-gen"}, send: stage{name: "perf-send"}, stats: stage{"perf-stats", []string{"--grace", "60"}}, plot: stage{name: "perf-plot"},
		dataset: v.one("dataset", "openqa"),
	}
	for _, step := range []func(values) error{j.refuse, j.source, j.server, j.load, j.slos, j.secrets} {
		if err := step(v); err != nil {
			return nil, err
		}
	}
	stages := map[string]*stage{"gen": &j.gen, "send": &j.send, "stats": &j.stats, "plot": &j.plot}
	for _, f := range flags {
		list, typed := v[f.name]
		if !typed {
			continue
		}
		for to := range strings.FieldsSeq(f.to) {
			name, as, renamed := strings.Cut(to, ":")
			if !renamed {
				as = f.name
			}
			if f.kind == onOff && len(list) > 0 {
				as, list = "no-"+as, nil
			}
			stages[name].add(as, list...)
		}
		if f.unused != "" {
			j.notes = append(j.notes, "--"+f.name+": has no use here: "+f.unused)
		}
	}
	j.send.add("save-request")
	j.send.add("save-output")
	if v.has("visualizer") && v.has("name") {
		j.stats.add("name", v.one("name", ""))
	}
	return j, nil
}

// refuse tells what is not done here, before anything is.
func (j *job) refuse(v values) error {
	switch api := v.one("api", "openai"); {
	case v.has("scenario"):
		return fault.Usage("it runs aiperf, which has a command line of its own", "--scenario: agentx is not done here")
	case api == "systemone" || api == "autotrust" || j.dataset == "open_decisions":
		return fault.Usage("--api custom of perf-gen and perf-send takes a description of any API", "--api: the decision APIs are not done here")
	case api == "custom":
		return fault.Usage("perf-gen and perf-send --api custom --api-spec FILE", "--api: custom is a Python class in evalscope; here it is a file")
	case !v.has("model") && j.dataset != "workload_trace":
		return fault.Usage("the name that the server serves it under", "--model: is required")
	case v.has("open-loop") && v.has("multi-turn"):
		return fault.Usage("leave one out", "--open-loop: not with --multi-turn")
	case v.has("multi-turn") && !hasTurns(j.dataset):
		return fault.Usage("such as random_multi_turn or share_gpt_en_multi_turn", "--multi-turn: --dataset %s has no conversations", j.dataset)
	case v.has("tokenize-prompt") && !v.has("tokenizer-path"):
		return fault.Usage("name the model's vocabulary", "--tokenize-prompt: needs --tokenizer-path")
	}
	return nil
}

func hasTurns(dataset string) bool {
	return strings.HasSuffix(dataset, "_multi_turn") || strings.HasPrefix(dataset, "trie_") || dataset == "swe_smith"
}

// source is what perf-gen reads or makes.
func (j *job) source(v values) error {
	switch {
	case v.has("prompt"):
		j.dataset = ""
	case j.dataset == "workload_trace":
		j.gen.add("dataset", "trace")
		j.gen.add("format", "workload_trace")
	default:
		j.gen.add("dataset", j.dataset)
	}
	made := slices.Contains(invented, j.dataset)
	for _, name := range []string{"min-prompt-length", "max-prompt-length"} {
		switch {
		case v.has(name):
			j.gen.add(name, v[name]...)
		case made && name == "min-prompt-length":
			j.gen.add(name, "0")
		case made || name == "max-prompt-length" && slices.Contains(filtered, j.dataset):
			j.gen.add(name, "131072")
		}
	}
	if answers := !strings.Contains(j.dataset, "embed") && !strings.Contains(j.dataset, "rerank"); v.has("max-tokens") {
		j.gen.add("max-tokens", v["max-tokens"]...)
	} else if made && answers {
		j.gen.add("max-tokens", "2048")
	}
	args, err := mergeArgs(v.one("dataset-args", ""), v.one("multi-turn-args", ""))
	if err == nil && args != "" {
		j.gen.add("dataset-args", args)
	}
	return err
}

// mergeArgs puts the older --multi-turn-args into --dataset-args, whose own keys count.
func mergeArgs(args, old string) (string, error) {
	if old == "" {
		return args, nil
	}
	merged := map[string]json.RawMessage{}
	for _, f := range []struct{ name, text string }{{"multi-turn-args", old}, {"dataset-args", args}} {
		if f.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(f.text), &merged); err != nil {
			return "", fault.Usage("", "--%s: %w", f.name, err)
		}
	}
	b, err := json.Marshal(merged)
	return string(b), err
}

// endpoints is the path that evalscope puts after a URL which ends in no endpoint. /v1 it never adds.
var endpoints = map[string]string{
	"openai": "/chat/completions", "openai_responses": "/responses", "openai_response": "/responses", "responses": "/responses",
	"openai_embedding": "/embeddings", "embedding": "/embeddings", "openai_rerank": "/reranks", "rerank": "/reranks",
}

// resolve is the URL by evalscope's rules.
func resolve(given, api string, tokenIDs, speed bool) (string, error) {
	u, err := url.Parse(given)
	if err != nil || u.Host == "" {
		return "", fault.Usage("it looks like http://127.0.0.1:8000/v1/chat/completions", "--url: %q is not a URL", given)
	}
	path := strings.TrimRight(u.Path, "/")
	if end := endpoints[api]; end != "" {
		known := []string{"/chat/completions", "/completions", "/responses", "/embeddings", "/reranks", "/rerank"}
		if !slices.ContainsFunc(known, func(k string) bool { return strings.HasSuffix(path, k) }) {
			path += end
		}
		if base, chat := strings.CutSuffix(path, "/chat/completions"); chat {
			switch {
			case end == "/responses":
				path = base + end
			case tokenIDs || speed:
				path = base + "/completions"
			}
		}
	}
	u.Path = path
	return u.String(), nil
}

// server is whom perf-send asks, and in what dialect.
func (j *job) server(v values) error {
	api := v.one("api", "openai")
	local := strings.HasPrefix(api, "local")
	chat := local
	if local {
		j.send.add("api", api)
		j.send.add("model", v.one("model", ""))
		j.send.add("port", v.one("port", "8877"))
		if _, err := os.Stat(v.one("model", "")); err != nil { // no folder: a hub's name
			j.send.add("data-source", v.one("data-source", "modelscope"))
		}
		chat = !strings.HasPrefix(j.dataset, "speed_benchmark")
	} else {
		given := v.one("url", "http://127.0.0.1:8877/v1/chat/completions")
		u, err := resolve(given, api, v.has("tokenize-prompt"), strings.HasPrefix(j.dataset, "speed_benchmark"))
		if err != nil {
			return err
		}
		j.send.add("url", u)
		if v.has("data-source") && v.has("tokenizer-path") {
			j.send.add("data-source", v["data-source"]...)
		}
		before, _ := resolve(given, api, false, false) // --tokenize-prompt moves the URL after this is decided
		at, err := url.Parse(before)
		if err != nil {
			return err
		}
		chat = strings.HasSuffix(at.Path, "/chat/completions")
		if api != "openai" {
			j.gen.add("api", api)
			j.send.add("api", api)
		}
	}
	if list, typed := v["apply-chat-template"]; typed {
		chat = len(list) == 0
	}
	j.chat = chat
	texts := j.dataset == "" || j.dataset == "random" || j.dataset == "random_vl" || slices.Contains(filtered, j.dataset)
	plain := endpoints[api] == "/chat/completions" || local
	switch {
	case plain && v.has("apply-chat-template") || plain && !chat && texts && !v.has("query-template"):
		if chat {
			j.gen.add("apply-chat-template")
		} else {
			j.gen.add("no-apply-chat-template")
		}
	}
	if chat && plain && texts && j.dataset != "" && v.has("tokenizer-path") && !v.has("tokenize-prompt") {
		j.gen.add("count-template")
	}
	return nil
}

// load is how many requests there are and when they go out.
func (j *job) load(v values) error {
	number, rates, parallel := v["number"], v["rate"], v["parallel"]
	if len(number) == 0 {
		number = []string{"1000"}
	}
	if len(parallel) == 0 {
		parallel = []string{"1"}
	}
	free := len(rates) == 0 || len(rates) == 1 && strings.HasPrefix(rates[0], "-")
	open := v.has("open-loop")
	levels := parallel
	switch {
	case v.has("sla-auto-tune"):
		j.search = true
		j.gen.add("number", "0")
		return nil
	case open && j.dataset == "workload_trace" && free:
		j.send.add("arrival", "trace")
		levels = []string{""}
	case open:
		if free {
			return fault.Usage("--rate 5 10 20, for instance", "--open-loop: needs --rate above 0")
		}
		j.send.add("open-loop")
		j.send.add("rate", rates...)
		levels = rates
	default:
		if len(rates) > 1 {
			return fault.Usage("a sweep of rates is for --open-loop", "--rate: a closed loop takes one rate, and there are %d", len(rates))
		}
		if !free {
			j.send.add("rate", rates...)
		}
		j.send.add("parallel", parallel...)
	}
	if len(number) != len(levels) {
		of := "--parallel"
		if open {
			of = "--rate"
		}
		return fault.Usage("each pair is a load point", "--number: has %d values where %s has %d", len(number), of, len(levels))
	}
	j.send.add("number", number...)
	if warm := v.one("warmup-num", "0"); warm != "0" {
		j.send.add("warmup-num", warm)
	}
	total, err := total(number, v.one("warmup-num", "0"))
	if err == nil {
		j.gen.add("number", strconv.Itoa(total))
	}
	return err
}

// total is how many lines the load points take, warm-up and all.
func total(number []string, warmup string) (int, error) {
	w, err := strconv.ParseFloat(warmup, 64)
	if err != nil {
		return 0, fault.Usage("", "--warmup-num: %w", err)
	}
	sum := 0
	for _, text := range number {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, fault.Usage("", "--number: %q is not a whole number above 0", text)
		}
		sum += n
		switch {
		case w >= 1:
			sum += int(w)
		case w > 0:
			sum += max(1, int(w*float64(n)))
		}
	}
	return sum, nil
}

// secrets go to the commands in variables, where no list of processes shows them.
func (j *job) secrets(v values) error {
	for flag, name := range map[string]string{"api-key": "OPENAI_API_KEY", "wandb-api-key": "WANDB_API_KEY", "swanlab-api-key": "SWANLAB_API_KEY"} {
		if v.has(flag) {
			j.env = append(j.env, name+"="+v.one(flag, ""))
		}
	}
	slices.Sort(j.env)
	return nil
}

// script is the job as a shell has it, with its files in dir.
func (j *job) script(dir string) string {
	records := filepath.Join(dir, "records.jsonl")
	return fmt.Sprintf("%s |\n  %s |\n  tee -i %s |\n  %s\n%s\n%s\n", j.gen.shell(), j.send.shell(), quote(records), j.stats.shell(),
		j.files(dir).shell(), j.page(dir).shell())
}

// files writes evalscope's files of each load point.
func (j *job) files(dir string) *stage {
	return &stage{"perf-stats", []string{filepath.Join(dir, "records.jsonl"), "--format", "evalscope", "-o", dir}}
}

// page writes the report.
func (j *job) page(dir string) *stage {
	args := append([]string{filepath.Join(dir, "records.jsonl")}, j.plot.args...)
	return &stage{"perf-plot", append(args, "-o", filepath.Join(dir, "perf_report.html"))}
}

// shell writes the command as a shell has it, without the secrets of headers.
func (s *stage) shell() string {
	out := s.name
	for _, a := range s.args {
		if name, _, ok := strings.Cut(a, "="); ok && secretHeader(name) {
			a = name + "=***"
		}
		out += " " + quote(a)
	}
	return out
}

func secretHeader(name string) bool {
	return slices.Contains([]string{"authorization", "proxy-authorization", "x-api-key", "x-auth-token"}, strings.ToLower(name))
}

// quote writes a word as a shell reads it back.
func quote(w string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@%+", r)
	}
	if w != "" && strings.IndexFunc(w, func(r rune) bool { return !plain(r) }) < 0 {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

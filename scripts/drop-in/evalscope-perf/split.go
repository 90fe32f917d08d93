package main

import (
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/fault"
)

// stage is one command of the pipeline.
type stage struct {
	name string
	args []string
}

// add appends a flag.
func (s *stage) add(flag string, list ...string) {
	if len(list) > 0 && (list[0] == "" || strings.HasPrefix(list[0], "-")) {
		flag, list = flag+"="+list[0], list[1:]
	}
	s.args = append(append(s.args, "--"+flag), list...)
}

// job is the translation of an evalscope command line.
type job struct {
	gen, send, stats, plot stage
	env                    []string // keys, which must not show in a list of processes
	notes                  []string // on flags that have no effect
	dataset                string
	search                 bool
	pd                     bool   // with the figures of --enable-pd-metrics
	url                    string // that evalscope resolves to
	chat                   bool   // messages rather than text
	agentX                 *agentX
}

// invented reports whether the defaults of a dataset differ between perf-gen and evalscope.
func invented(dataset string) bool {
	return slices.Contains([]string{
		"random", "random_vl", "random_embedding", "random_embedding_batch", "random_rerank", "random_multi_turn",
	}, dataset)
}

// filtered reports whether evalscope leaves out the long prompts of a dataset.
func filtered(dataset string) bool {
	return slices.Contains([]string{
		"openqa", "longalpaca", "custom", "line_by_line", "share_gpt_zh", "share_gpt_en", "share_gpt_zh_multi_turn",
		"share_gpt_en_multi_turn", "custom_multi_turn", "embedding", "embed", "embedding_batch",
	}, dataset)
}

// split divides the flags among the commands. After Ctrl-C perf-stats waits longer than perf-send does.
func split(flags []flag, v values) (*job, error) {
	j := &job{
		gen: stage{name: "perf-gen"}, send: stage{name: "perf-send"}, stats: stage{"perf-stats", []string{"--grace", "60"}},
		plot:    stage{name: "perf-plot"},
		dataset: v.one("dataset", "openqa"),
	}
	steps := []func(values) error{j.refuse, j.source, j.server, j.load, j.slos, j.secrets}
	if v.has("scenario") {
		steps = []func(values) error{j.refuse, j.scenario, j.server, j.secrets}
	}
	for _, step := range steps {
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
	if j.agentX == nil { // AgentX has long requests, which its results do not contain
		j.send.add("save-request")
		j.send.add("save-output")
	}
	j.pd = v.has("enable-pd-metrics")
	return j, nil
}

// refuse returns an error if the command line asks for something that is not supported here.
func (j *job) refuse(v values) error {
	switch api := v.one("api", "openai"); {
	case api == "systemone" || api == "autotrust" || j.dataset == "open_decisions":
		return fault.Usage("--api custom of perf-gen and perf-send takes a description of any API",
			"--api: the decision APIs are not done here")
	case api == "custom":
		return fault.Usage("perf-gen and perf-send --api custom --api-spec FILE",
			"--api: custom is a Python class in evalscope; here it is a file")
	case !v.has("model") && j.dataset != "workload_trace":
		return fault.Usage("the name that the server serves it under", "--model: is required")
	case v.has("open-loop") && v.has("multi-turn"):
		return fault.Usage("leave one out", "--open-loop: not with --multi-turn")
	case v.has("multi-turn") && !hasTurns(j.dataset):
		return fault.Usage("such as random_multi_turn or share_gpt_en_multi_turn",
			"--multi-turn: --dataset %s has no conversations", j.dataset)
	case v.has("python") && len(visualizer(v)) == 0 && !strings.HasPrefix(api, "local"):
		return fault.Usage("", "--python: is for --visualizer, and for --api local and local_vllm")
	case v.has("tokenize-prompt") && !v.has("tokenizer-path"):
		return fault.Usage("name the model's vocabulary", "--tokenize-prompt: needs --tokenizer-path")
	}
	return nil
}

func hasTurns(dataset string) bool {
	return strings.HasSuffix(dataset, "_multi_turn") || strings.HasPrefix(dataset, "trie_") || dataset == "swe_smith"
}

// source translates the flags of the dataset.
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
	made := invented(j.dataset)
	for _, name := range []string{"min-prompt-length", "max-prompt-length"} {
		switch {
		case v.has(name):
			j.gen.add(name, v[name]...)
		case made && name == "min-prompt-length":
			j.gen.add(name, "0")
		case made || name == "max-prompt-length" && filtered(j.dataset):
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

// mergeArgs merges the older --multi-turn-args into --dataset-args, whose own keys win.
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

// endpoint returns the path that evalscope appends to a URL that ends in no endpoint. It never appends /v1.
func endpoint(api string) string {
	switch api {
	case "openai":
		return "/chat/completions"
	case "openai_responses", "openai_response", "responses":
		return "/responses"
	case "openai_embedding", "embedding":
		return "/embeddings"
	case "openai_rerank", "rerank":
		return "/reranks"
	}
	return ""
}

// resolve returns the URL by evalscope's rules.
func resolve(given, api string, tokenIDs, speed bool) (string, error) {
	u, err := url.Parse(given)
	if err != nil || u.Host == "" {
		return "", fault.Usage("it looks like http://127.0.0.1:8000/v1/chat/completions", "--url: %q is not a URL", given)
	}
	path := strings.TrimRight(u.Path, "/")
	if end := endpoint(api); end != "" {
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

// local translates the flags of a server that perf-send starts.
func (j *job) local(v values, chat bool) {
	port, path := v.one("port", "8877"), "/v1/completions"
	if chat {
		path = "/v1/chat/completions"
	}
	j.url = "http://127.0.0.1:" + port + path
	j.send.add("api", v.one("api", ""))
	j.send.add("model", v.one("model", ""))
	j.send.add("port", port)
	if _, err := os.Stat(v.one("model", "")); err != nil { // no folder: a hub's name
		j.send.add("data-source", v.one("data-source", "modelscope"))
	}
	if v.has("python") {
		j.send.add("python", v["python"]...)
	}
}

// server translates the flags of the server and its API.
func (j *job) server(v values) error {
	api := v.one("api", "openai")
	speed := strings.HasPrefix(j.dataset, "speed_benchmark")
	j.chat = !speed
	if strings.HasPrefix(api, "local") {
		j.local(v, j.chat)
	} else if err := j.remote(v, api, speed); err != nil {
		return err
	}
	list, typed := v["apply-chat-template"]
	if typed {
		j.chat = len(list) == 0
	}
	if endpoint(api) != "/chat/completions" && !strings.HasPrefix(api, "local") {
		return nil
	}
	texts := j.dataset == "" || j.dataset == "random" || j.dataset == "random_vl" || filtered(j.dataset)
	switch {
	case typed && j.chat:
		j.gen.add("apply-chat-template")
	case typed, !j.chat && texts && !v.has("query-template"):
		j.gen.add("no-apply-chat-template")
	}
	if j.chat && texts && j.dataset != "" && v.has("tokenizer-path") && !v.has("tokenize-prompt") {
		j.gen.add("count-template")
	}
	return nil
}

// remote translates the flags of a server that runs.
func (j *job) remote(v values, api string, speed bool) (err error) {
	given := v.one("url", "http://127.0.0.1:8877/v1/chat/completions")
	if j.url, err = resolve(given, api, v.has("tokenize-prompt"), speed); err != nil {
		return err
	}
	j.send.add("url", j.url)
	if v.has("data-source") && v.has("tokenizer-path") {
		j.send.add("data-source", v["data-source"]...)
	}
	before, _ := resolve(given, api, false, false) // evalscope decides this before --tokenize-prompt changes the URL
	at, err := url.Parse(before)
	if err != nil {
		return err
	}
	j.chat = strings.HasSuffix(at.Path, "/chat/completions")
	if api != "openai" {
		j.gen.add("api", api)
		j.send.add("api", api)
	}
	return nil
}

// load translates the number of requests and their timing.
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
			return fault.Usage("a sweep of rates is for --open-loop", "--rate: a closed loop takes one rate, and there are %d",
				len(rates))
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
		return fault.Usage("each pair is a load point", "--number: has %d values where %s has %d", len(number), of,
			len(levels))
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

// total returns the number of requests of all load points, with their warm-up.
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

// secrets passes keys in environment variables, which no list of processes shows.
func (j *job) secrets(v values) error {
	for flag, name := range map[string]string{"api-key": "OPENAI_API_KEY", "wandb-api-key": "WANDB_API_KEY",
		"swanlab-api-key": "SWANLAB_API_KEY"} {
		if v.has(flag) {
			j.env = append(j.env, name+"="+v.one(flag, ""))
		}
	}
	slices.Sort(j.env)
	return nil
}

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/fault"
)

// agentX is evalscope's scenario of that name: it replays published sessions of coding agents for some time, in a
// closed loop of sessions. evalscope runs aiperf for it.
type agentX struct {
	Name           string   `json:"name"`
	Variant        string   `json:"variant"`
	Mode           string   `json:"mode"`
	MaxContext     *int     `json:"max_context_length"`
	TraceLimit     *int     `json:"trace_limit"`
	GPUs           *int     `json:"num_gpus"`
	Engine         *string  `json:"engine"`
	EngineVersion  *string  `json:"engine_version"`
	Hardware       *string  `json:"hardware"`
	TrustCode      bool     `json:"tokenizer_trust_remote_code"`
	Revision       *string  `json:"tokenizer_revision"`
	RequestTimeout *float64 `json:"request_timeout_seconds"`
	Grace          *float64 `json:"benchmark_grace_period"`

	duration float64 // s
	seed     int64
	dataset  agentXDataset
}

// agentXDataset describes the source of the sessions.
type agentXDataset struct {
	Source   string  `json:"source"`
	ID       string  `json:"dataset_id"`
	Revision *string `json:"revision"`
	File     string  `json:"trace_file"`
	SHA256   string  `json:"sha256"`
	Verified bool    `json:"verified"`
}

// agentXSeed is evalscope's default of --seed.
const agentXSeed = "20260707"

// agentXSums are the checksums of the published traces.jsonl, by variant.
func agentXSums() map[string]string {
	return map[string]string{
		"256k": "e39cd2ff3eba21d4a3664be51da743ac3d2149a1933898cafc7bfeac8147eeef",
		"full": "29b6a19e751ff5230771519aab755f80a0f43a4ba9cf96b72d3a6a437ec99276",
	}
}

// scenario translates --scenario.
func (j *job) scenario(v values) error {
	for _, name := range []string{"number", "rate", "open-loop", "multi-turn", "sla-auto-tune", "warmup-num", "dataset",
		"dataset-args"} {
		if v.has(name) {
			return fault.Usage("leave it out", "--%s: has no place in --scenario agentx", name)
		}
	}
	x, err := parseAgentX(v.one("scenario", ""))
	if err != nil {
		return err
	}
	x.duration = map[string]float64{"benchmark": 1800, "smoke": 60}[x.Mode]
	if v.has("duration") {
		if x.duration, err = strconv.ParseFloat(v.one("duration", ""), 64); err != nil {
			return fault.Usage("", "--duration: %w", err)
		}
	} else {
		j.send.add("duration", strconv.FormatFloat(x.duration, 'f', -1, 64))
	}
	if x.Mode == "benchmark" && x.duration < 900 {
		return fault.Usage(`--scenario '{"mode":"smoke"}' tries it`, "--duration: AgentX takes 900 seconds or more")
	}
	if x.seed, err = strconv.ParseInt(v.one("seed", agentXSeed), 10, 64); err != nil {
		return fault.Usage("", "--seed: %w", err)
	}
	if !v.has("seed") {
		j.gen.add("seed", agentXSeed)
	}
	j.agentX, j.dataset = x, "trace"
	levels := v["parallel"]
	if len(levels) == 0 {
		levels = []string{"1"}
	}
	j.send.add("parallel", levels...)
	j.send.add("session-start", "random")
	j.send.add("max-delay", "10")
	if x.RequestTimeout != nil && !v.has("total-timeout") {
		j.send.add("total-timeout", strconv.FormatFloat(*x.RequestTimeout, 'f', -1, 64))
	}
	if err := x.find(v); err != nil {
		return err
	}
	return j.traces(x)
}

// find determines the dataset: the file of --dataset-path, or a repository of a hub.
func (x *agentX) find(v values) error {
	name := "cc-traces-weka-062126"
	if x.Variant == "256k" {
		name += "-256k"
	}
	x.dataset = agentXDataset{Source: v.one("data-source", "modelscope"), SHA256: agentXSums()[x.Variant]}
	path := v.one("dataset-path", "")
	if path == "" {
		owner := "evalscope/"
		if x.dataset.Source == "huggingface" {
			owner = "semianalysisai/"
		}
		x.dataset.ID = owner + name
		return nil
	}
	x.dataset.Source, x.dataset.ID, x.dataset.File = "local", path, path
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		x.dataset.File = filepath.Join(path, "traces.jsonl")
	}
	sum, err := checksum(x.dataset.File)
	if err != nil {
		return fault.Usage("it is a file of traces, or a folder with traces.jsonl", "--dataset-path: %w", err)
	}
	x.dataset.Verified, x.dataset.SHA256 = sum == x.dataset.SHA256, sum
	if x.Mode == "benchmark" && !x.dataset.Verified {
		return fault.Usage(`--scenario '{"mode":"smoke"}' takes any`, "--dataset-path: %s is not the published %s: its "+
			"SHA-256 is %s", x.dataset.File, name, sum)
	}
	v["dataset-path"] = []string{x.dataset.File}
	return nil
}

func checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// traces makes perf-gen read the sessions, again and again.
func (j *job) traces(x *agentX) error {
	if x.dataset.Source != "local" {
		j.gen.add("dataset-path", x.dataset.ID)
	}
	j.gen.add("dataset", "trace")
	j.gen.add("format", "weka")
	j.gen.add("number", "0")
	j.gen.add("unique-prefix")
	args := map[string]int{}
	if x.MaxContext != nil {
		args["max_context"] = *x.MaxContext
	}
	if x.Mode == "smoke" {
		args["max_sessions"] = *x.TraceLimit
	}
	if len(args) == 0 {
		return nil
	}
	text, err := json.Marshal(args)
	j.gen.add("dataset-args", string(text))
	return err
}

// parseAgentX parses --scenario: agentx, or a JSON object.
func parseAgentX(text string) (*agentX, error) {
	x := &agentX{Name: "agentx", Variant: "256k", Mode: "benchmark"}
	if text != "agentx" {
		if !strings.HasPrefix(text, "{") {
			return nil, fault.Usage("", "--scenario: neither agentx nor a JSON object: %.60q", text)
		}
		dec := json.NewDecoder(strings.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(x); err != nil {
			return nil, fault.Usage("", "--scenario: %w", err)
		}
	}
	positive := func(n *int) bool { return n == nil || *n > 0 }
	switch {
	case x.Name != "agentx":
		return nil, fault.Usage("", "--scenario: there is no %q", x.Name)
	case agentXSums()[x.Variant] == "":
		return nil, fault.Usage("", "--scenario: variant is %q: there are 256k and full", x.Variant)
	case x.Mode != "benchmark" && x.Mode != "smoke":
		return nil, fault.Usage("", "--scenario: mode is %q: there are benchmark and smoke", x.Mode)
	case x.Mode == "benchmark" && x.TraceLimit != nil:
		return nil, fault.Usage("", "--scenario: trace_limit is for the mode smoke")
	case !positive(x.MaxContext) || !positive(x.TraceLimit) || !positive(x.GPUs):
		return nil, fault.Usage("", "--scenario: its numbers must be above 0")
	}
	if x.Mode == "smoke" && x.TraceLimit == nil {
		limit := 4
		x.TraceLimit = &limit
	}
	return x, nil
}

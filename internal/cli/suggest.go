package cli

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// owners lists the flags of the commands, one per line, each with the commands that have it. The test of docs/flags.md
// checks it.
//
//go:embed owners.txt
var owners string

// peers maps flags of other load testers to ours, some with a value.
var peers = map[string]string{
	// how much load
	"concurrency": "parallel", "max-concurrency": "parallel", "connections": "parallel", "users": "parallel",
	"vus": "parallel", "c": "parallel", "max-in-flight-requests": "parallel",
	"request-rate": "rate", "qps": "rate", "rps": "rate", "arrival-rate": "rate", "q": "rate",
	"num-prompts": "number", "num-requests": "number", "request-count": "number", "max-requests": "number",
	"requests": "number", "total-requests": "number",
	"benchmark-duration": "duration", "max-seconds": "duration", "z": "duration",
	"burstiness": "arrival", "rate-type": "arrival", "arrival-pattern": "arrival", "ramp-up-strategy": "arrival",
	"num-warmups": "warmup-num", "warmup-request-count": "warmup-num",
	"warmup-requests": "warmup-num", "request-timeout-seconds": "total-timeout", "timeout": "total-timeout",
	// to whom
	"base-url": "url", "endpoint": "url", "target": "url", "host": "url", "server": "url", "endpoint-url": "url",
	"backend": "api", "endpoint-type": "api", "request-type": "api",
	"header": "headers", "H": "headers", "token": "api-key", "disable-tqdm": "no-progress",
	// what is sent
	"input-len": "max-prompt-length", "random-input-len": "max-prompt-length", "input-tokens": "max-prompt-length",
	"synthetic-input-tokens-mean": "max-prompt-length", "isl": "max-prompt-length",
	"output-len": "max-tokens", "random-output-len": "max-tokens", "output-tokens": "max-tokens",
	"output-tokens-mean": "max-tokens", "osl": "max-tokens", "sharegpt-output-len": "max-tokens",
	"max-completion-tokens": "max-tokens", "random-prefix-len": "prefix-length",
	"dataset-name": "dataset", "data": "dataset", "input-file": "dataset-path", "custom-dataset": "dataset-path",
	"tokenizer": "tokenizer-path", "extra-inputs": "extra-args", "extra-request-body": "extra-args",
	"extra-body": "extra-args", "streaming": "stream", "served-model-name": "model", "random-seed": "seed",
	// what comes of it
	"save-result": "output", "result-filename": "output", "output-file": "output", "output-path": "output",
	"export-file": "output", "output-format": "format", "json": "format json", "csv": "format csv",
	"markdown": "format markdown", "html": "format html", "verbose": "debug", "quiet": "no-progress",
	"metric-percentiles": "percentiles", "percentile": "percentiles",
	"save-detailed": "save-output",
}

var unknownFlag = regexp.MustCompile(`^unknown flag -{1,2}([A-Za-z][A-Za-z0-9_-]*)`)

// elsewhere returns a hint about an unknown flag that another command or another name has, or "".
func elsewhere(command, message string) string {
	m := unknownFlag.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	name := strings.ReplaceAll(m[1], "_", "-")
	if cmds := ownersOf(name); len(cmds) > 0 && !slices.Contains(cmds, command) {
		return fmt.Sprintf("--%s is a flag of %s", name, strings.Join(cmds, ", "))
	}
	home, ok := peers[name]
	if !ok && name != m[1] {
		home = name
	}
	flag, _, _ := strings.Cut(home, " ")
	if flag == "format" && command == "perf-gen" { // whose --format is that of its input
		return ""
	}
	cmds := ownersOf(flag)
	if slices.Contains(cmds, command) {
		return fmt.Sprintf("%s calls it --%s", command, home)
	}
	if len(cmds) == 0 {
		return ""
	}
	return fmt.Sprintf("%s has it, as --%s", cmds[0], home)
}

// ownersOf returns the commands that have a flag.
func ownersOf(name string) []string {
	for line := range strings.Lines(owners) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == strings.TrimPrefix(name, "no-") {
			return fields[1:]
		}
	}
	return nil
}

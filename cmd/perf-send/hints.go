package main

import (
	"strings"

	"perfpipe/internal/load"
	"perfpipe/internal/schedule"
)

// hint returns the text for a reason of an error or a message, or an empty string. Those of the client are appended to
// the message, as are those of limits; the others are the next step. A % stands for what the message is about.
func hint(reason string) string {
	if reason == "unknown-arrival" {
		return strings.Join(schedule.Kinds(), ", ") + " or " + load.ArrivalTrace
	}
	return hints[reason]
}

const (
	skipTest   = "--no-test-connection skips this test"
	someShard  = "--shard I/N says which part this is; --shard 0/1 sends all"
	lessMemory = "less memory: a shorter context, fewer sequences or lower precision, by --server-args"
)

const together = "perf-gen --dataset trace --sort session brings the lines of each session together"

var hints = map[string]string{
	"wants-tls":      "; write https:// in --url",
	"no-tls":         "; write http:// in --url",
	"perhaps-no-tls": "; write http:// in --url if it speaks none",
	"untrusted":      "; --insecure does not verify it",
	"unknown-issuer": "; --cacert FILE trusts its issuer, --insecure does not verify it",
	"wants-cert":     "; --cert FILE presents one",
	"wants-http2":    "; add --http2",
	"no-http2":       "; leave out --http2",
	"not-resent":     " (--no-resend)",
	"redirected":     "; give that as --url",
	"too-long":       " (--max-answer-bytes)",
	"usage-added":    " (--no-usage does not)",
	"times-asked":    " (--no-server-times does not)",
	"no-api":         "; --api names one",

	"testing":        " (--no-test-connection skips it)",
	"search-max":     " (--search-max)",
	"test":           skipTest,
	"test-timeout":   "a server that loads its model at the first request needs --wait-ready 10m; " + skipTest,
	"test-protocol":  "does the server speak https, or HTTP/2 alone (--http2)? " + skipTest,
	"test-key":       "--api-key, or OPENAI_API_KEY, is the key; " + skipTest,
	"test-path":      "the URL's path or the model is wrong; " + skipTest,
	"test-body":      "--drop-params leaves fields out that the server refuses; " + skipTest,
	"test-connect":   "is the server up, and is it the right --url? " + skipTest,
	"not-ready":      "check --url, and the server's log",
	"no-model":       "check --url, or name a model with --model",
	"bad-line":       "--on-bad-line skip goes on without such lines",
	"no-requests":    "perf-gen makes request lines",
	"all-failed":     "perf-stats shows the kinds of errors; --debug shows each exchange",
	"failures":       "perf-stats shows the kinds of errors",
	"input-short":    "give more lines (perf-gen --number), or --cycle to send them again",
	"instant":        "such as 2026-01-31T12:00:00Z, or what date +%s says, or @FILE",
	"clock-url":      "it looks like http://127.0.0.1:8000/",
	"no-date":        "a server that sends Date is needed",
	"clocks-differ":  "clocks that differ make the shards' times differ as much: let NTP or PTP set them",
	"slo-missed":     "a lower level, or a wider --slo",
	"prompts-differ": "the load differs from the one requested: check the server's context limit (Ollama's num_ctx)",
	"counted":        "| perf-stats shows all figures, -o FILE keeps the records, -o - prints them here",
	"reader-gone":    "-o FILE writes the records to a file; tee -i FILE outlives Ctrl-C",
	"sim":            "such as --sim ttft=200ms,itl=20ms,slots=8",
	"sim-address":    "an address looks like 127.0.0.1:8000; port 0 is any free one",
	"simulator":      "no --url: the built-in SIMULATOR answers; its figures are not those of any server",
	"figures":        "perf-stats %s shows the figures, perf-plot -o report.html %[1]s draws them",
	"records-lost":   "free disk space; then --resume %s sends what is missing",
	"slow-output":    "perf-send -o FILE writes the records to a file, which perf-stats reads afterwards",
	"slow-input":     "perf-gen -o FILE makes the request lines beforehand",
	"sent-twice": "the server ends kept connections; --no-keep-alive opens one for each request, " +
		"--no-resend makes such requests failures",
	"paused":     "perf-stats --exclude-pauses leaves those requests out",
	"busy-cpu":   "run perf-send on idle CPUs of its own, lower the load, or split it over several machines",
	"conns-used": "all of --max-conns %d connections were in use: raise it, or lower the load",
	"files-used": "all %d connections that the open files allow were in use: " +
		"ulimit -n raises it, or lower the load",
	"too-many-errors":    ", which is surely more than --max-error-rate %v",
	"too-many-in-flight": ", more than --max-in-flight %d",

	"rate-not-positive": "leave --rate out for a closed loop",
	"trace-has-times":   "--speedup plays a trace faster",
	"lengths-differ":    "give lists of one length, or a single value for all",
	"needs-levels":      "give as many values of --rate or --parallel",
	"needs-finite-rate": "give a finite --rate",
	"needs-rate":        "give --rate",
	"needs-number":      "give --number, or a whole --warmup-num",
	"open-files":        "ulimit -n raises it",
	"shard":             someShard,
	"shards":            "--shards is the Job's number of completions; " + someShard,
	"shard-form":        "the first of three is 0/3, the last 2/3",
	"shards-twice":      "leave --shards out",
	"few-slots":         "fewer shards, or more in flight",
	"one-shard":         "--shard 0/1 searches from one machine",
	"endless":           "give --number or --duration",
	"sweep-pipe": "--number N is the requests of each point; " +
		"a file as input is sent by each point as a whole",
	"share":       "such as 0.05",
	"metrics-out": "--metrics-out FILE says where they go",
	"metrics-url": "it looks like http://127.0.0.1:8000/metrics",

	"leave-out":   "leave one out",
	"bind":        "an address looks like 192.0.2.7 or 2001:db8::7",
	"resolve":     "write --resolve HOST:PORT:ADDR, such as api.test:443:127.0.0.1",
	"key-alone":   "--cert FILE is the certificate",
	"certificate": "--cert takes the certificate and --key its private key, both PEM",

	"api-spec":        "docs/apis.md shows how to write one",
	"refused-fields":  "; --drop-params %s leaves it out",
	"no-at-ms":        "--arrival trace goes by the at_ms of the lines",
	"at-ms-decreases": "perf-gen --sort puts requests in the order of their arrival",

	"model":         "--model takes a folder of weights, or a hub's name such as ORG/NAME",
	"unknown-model": "check the name at --model, or give the path of the weights; %s",
	"attn-other":    "--server-args passes the server's own flags on",
	"port-taken":    "--port 0 takes a free one",
	"server-port":   "--port 0 takes a free one; %s",
	"python":        "--python takes the folder of an environment, or its bin/python",
	"python-broken": "--python says which Python to use",
	"not-installed": "%s; --python says which environment has it",
	"slow-start":    "--startup-timeout gives it longer; %s",
	"server-args":   "look at --server-args; %s",
	"custom-code":   "the model brings code of its own; if you trust it: --server-args '--trust-remote-code'; %s",
	"no-gpu":        "pass --server-args '--device cpu', or install a torch for this machine's GPU; %s",
	"no-flash-attn": "pip install flash-attn, or --attn-implementation sdpa; %s",
	"out-of-memory": lessMemory + "; %s",
	"out-of-cache":  lessMemory + "; on a CPU VLLM_CPU_KVCACHE_SPACE gives more; %s",
	"start-it":      "start the server yourself, and give its --url",
	"hub-or-folder": "give a folder or a file, or a hub's name with --data-source modelscope|huggingface",

	"session-apart":         together,
	"session-unknown-id":    "after and history name lines of the session; " + together,
	"session-other-session": "a request waits for those of its own session only: give both the same session",
	"session-cycle":         "a request starts when those in its after and history have ended: leave one of these out",
	"session-twice":         "give each request of a session its own custom_id",
	"session-no-messages":   "without history the body is sent as it is",
}

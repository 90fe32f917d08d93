package main

import (
	"fmt"

	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/facts"
)

// hint returns the text for a reason of an error or a message, or an empty string. Those of the client are appended to
// the message, the others are the next step.
func (f *flags) hint(reason string) string {
	switch reason {
	case "figures":
		if shown := f.shown(); shown != "" {
			return fmt.Sprintf("perf-stats %s shows the figures, perf-plot -o report.html %[1]s draws them",
				facts.Quote([]string{shown}))
		}
	case "records-lost":
		return "free disk space; then --resume " + f.Output + " sends what is missing"
	case "connections":
		if f.MaxConns > 0 {
			return fmt.Sprintf("all of --max-conns %d connections were in use: raise it, or lower the load", f.MaxConns)
		}
		return fmt.Sprintf("all %d connections that the open files allow were in use: ulimit -n raises it, or lower the load",
			client.Files().Conns(f.simulated()))
	}
	return hints[reason]
}

// shown returns what perf-stats reads to show the figures of the run, or "" if nobody asks for it.
func (f *flags) shown() string {
	if f.folder != "" {
		return f.folder
	}
	if f.tty && !cli.IsStd(f.Output) {
		return f.Output
	}
	return ""
}

const skipTest = "--no-test-connection skips this test"

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
	"sim-address":    "an address looks like 127.0.0.1:8000; port 0 is any free one",
}

package main

import (
	"net/url"
	"strings"

	"github.com/alecthomas/kong"

	"llmperf/internal/api"
	"llmperf/internal/cli"
	"llmperf/internal/load"
	"llmperf/internal/request"
)

func groups() kong.Option {
	return cli.Groups(
		kong.Group{Key: "server", Title: "Server:"},
		kong.Group{Key: "load", Title: "Load:"},
		kong.Group{Key: "requests", Title: "Requests:"},
		kong.Group{Key: "output", Title: "Output:"},
		kong.Group{Key: "connection", Title: "Connection:"},
		kong.Group{Key: "local", Title: "Server started here (--api local, local_vllm, local_sglang, local_llamacpp):"},
		kong.Group{Key: "shard", Title: "One of several machines:"},
		kong.Group{Key: "sim", Title: "Simulator:"},
	)
}

// choices are what completion offers for flags that take more than a few names.
func choices() cli.Choices {
	return cli.Choices{
		"api":     append(api.Names(), "custom"),
		"arrival": {"poisson", "constant", "gamma:", "ramp:", "trace"},
		"search":  {"parallel", "rate"}, "profile": {"knee"},
	}
}

type flags struct {
	cli.VersionFlag
	cli.ModeFlag
	part    load.Shard // that this process has
	eachAll bool       // each point of a sweep sends all lines
	folder  string     // of this run, in --run-dir

	Input string `arg:"" optional:"" name:"file" help:"Request lines; - or nothing: stdin. May be gzip or zstd."`

	URL     []string    `name:"url" sep:"none" group:"server" placeholder:"URL" help:"An origin, a base such as http://host:8000/v1, or a whole endpoint. Given again: more such servers, asked in turn."`
	API     string      `name:"api" group:"server" placeholder:"NAME" help:"The dialect, where URL and bodies do not tell it, or local, local_vllm, local_sglang, local_llamacpp: a server to start; docs/apis.md lists them."`
	Model   string      `group:"server" help:"For bodies that name no model; without it the server's first (GET /v1/models). Of --api local*: the folder of weights, or a hub's name."`
	APIKey  string      `name:"api-key" group:"server" env:"OPENAI_API_KEY" placeholder:"KEY" help:"Sent as Authorization: Bearer KEY."`
	Headers cli.Strings `group:"server" placeholder:"NAME=VALUE" help:"More headers."`

	Rate          cli.Floats   `group:"load" placeholder:"R" help:"Requests/s of an open loop; a list sweeps. With --parallel: capped at so many in flight."`
	Parallel      cli.Ints     `group:"load" placeholder:"N" help:"Requests in flight of a closed loop; a list sweeps. Default 1."`
	OpenLoop      bool         `group:"load" help:"Insist on an open loop: --rate, without --parallel."`
	Number        cli.Ints     `short:"n" group:"load" placeholder:"N" help:"Measured requests of each load point; default: all lines."`
	Duration      cli.Duration `group:"load" placeholder:"TIME" help:"Start no request later than this in a load point."`
	Arrival       string       `group:"load" default:"poisson" placeholder:"KIND" help:"poisson, constant, gamma:BURSTINESS, ramp:FROM-TO/TIME, or trace: the lines' at_ms."`
	Speedup       float64      `group:"load" default:"1" help:"Play a trace so many times faster."`
	Seed          uint64       `group:"load" default:"0" help:"Of the arrival times."`
	WarmupNum     float64      `group:"load" placeholder:"N" help:"Requests before the measured ones; below 1: a share of --number."`
	SleepInterval cli.Duration `group:"load" default:"5s" placeholder:"TIME" help:"Between the points of a sweep."`
	Between       string       `group:"load" placeholder:"CMD" help:"Shell command to run between the points of a sweep."`
	Cycle         bool         `group:"load" help:"Send the lines again when they run short."`
	Grace         cli.Duration `group:"load" default:"30s" placeholder:"TIME" help:"After Ctrl-C: how long requests in flight may go on."`

	Label            cli.Labels  `group:"requests" placeholder:"KEY=VALUE" help:"Labels of every record, for perf-stats --by labels.KEY."`
	NoUsage          bool        `group:"requests" help:"Do not ask streams for their usage."`
	DropParams       cli.Strings `group:"requests" placeholder:"KEY" help:"Leave keys out of the bodies."`
	NoTestConnection bool        `group:"requests" help:"Skip the request of one token that looks whether URL, key and model are right."`
	TokenizerPath    string      `group:"requests" placeholder:"NAME" help:"Count output tokens with it where the server does not."`
	OnBadLine        string      `group:"requests" enum:"fail,skip" default:"fail" help:"What to do about a line that is no request: fail or skip."`

	ConnectTimeout cli.Duration `group:"connection" placeholder:"TIME" help:"For DNS and connecting."`
	ReadTimeout    cli.Duration `group:"connection" placeholder:"TIME" help:"Longest wait between two reads."`
	TotalTimeout   cli.Duration `group:"connection" default:"6h" placeholder:"TIME" help:"For a whole request."`
	Preconnect     bool         `group:"connection" help:"Open the connections before the load begins."`
	MaxConns       int          `group:"connection" default:"0" placeholder:"N" help:"Most connections of an open loop; default: as many as the file limit allows."`

	Output      string `short:"o" group:"output" placeholder:"FILE" help:"Records; - or nothing: stdout. FILE.gz and FILE.zst are compressed; {shard} in the name is the shard's number."`
	Force       bool   `group:"output" help:"Replace the file of -o if it exists and is not empty."`
	Resume      string `group:"output" placeholder:"FILE" help:"Send what this records file does not hold yet, and append to it."`
	SaveOutput  bool   `group:"output" help:"Keep the answers' texts in the records."`
	SaveRequest bool   `group:"output" help:"Keep the request lines in the records."`
	FactsOut    string `group:"output" placeholder:"FILE" help:"Write what belongs to the whole run as JSON: the command, version, host, times, counts and verdict."`
	RunDir      string `group:"output" placeholder:"DIR" help:"Keep requests, records, facts and server metrics in a folder of this run in DIR, for perf-stats and perf-plot."`
	LogEveryN   int    `name:"log-every-n-query" group:"output" placeholder:"N" help:"A line on stderr after each N requests."`
	Progress    bool   `negatable:"" default:"true" group:"output" help:"Show how far the run is."`
	Debug       bool   `group:"output" help:"Log each request and each line of its answer on stderr."`
	Strict      bool   `group:"output" help:"Exit 1 unless this load generator was clean: its numbers are then the server's."`

	Sim       string `group:"sim" placeholder:"KEY=VALUE,…" help:"ttft, per-token, itl, jitter, slots, error-rate, seed, tokens, model; such as ttft=200ms,itl=20ms."`
	ServeSim  string `group:"sim" placeholder:"ADDR" help:"Only serve the simulator."`
	Calibrate bool   `group:"sim" help:"Measure this machine's own error and ceiling, against the simulator in a process of its own."`
	Truth     string `group:"sim" placeholder:"FILE" help:"What the simulator did for each request, as JSON lines."`

	localFlags
	metricsFlags
	readyFlags
	transportFlags
	saturationFlags
	searchFlags
	shardFlags
}

// target reads --url; nil: the simulator.
func (f *flags) target() (*url.URL, error) {
	if f.API != "" && f.API != "custom" && !api.Known(f.API) {
		return nil, cli.Usage("there are "+strings.Join(api.Names(), ", ")+", and custom", "--api: %q is not known", f.API)
	}
	if len(f.URL) == 0 {
		return nil, nil
	}
	return parseTarget(f.URL[0])
}

func parseTarget(given string) (*url.URL, error) {
	raw := given
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, cli.Usage("it looks like http://127.0.0.1:8000/v1/chat/completions", "--url: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, cli.Usage("it looks like http://127.0.0.1:8000/v1/chat/completions", "--url: %q is not an http or https URL", given)
	}
	return u, nil
}

func (f *flags) headers() (map[string]string, error) { return headerFlag("--headers", f.Headers) }

// key is --api-key without the line end of a file that it may come from.
func (f *flags) key() (string, error) {
	key := strings.TrimSpace(f.APIKey)
	if request.CheckHeader("Authorization", key) != nil {
		return "", cli.Usage("it goes into a header", "--api-key: it has a control character")
	}
	return key, nil
}

// headerFlag reads the headers of a flag.
func headerFlag(flag string, list []string) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	m := map[string]string{}
	for _, h := range list {
		name, value, ok := strings.Cut(h, "=")
		if !ok { // of which the value may be a secret
			name, _, _ = strings.Cut(h, ":")
			return nil, cli.Usage("write "+flag+" NAME=VALUE", "%s: %.40q has no =VALUE", flag, name)
		}
		if err := request.CheckHeader(name, value); err != nil {
			return nil, cli.Usage("write "+flag+" NAME=VALUE", "%s: %w", flag, err)
		}
		m[name] = value
	}
	if err := request.CheckHeaders(m); err != nil {
		return nil, cli.Usage("leave one out", "%s: %w", flag, err)
	}
	return m, nil
}

package main

import (
	"net/url"
	"strings"

	"github.com/alecthomas/kong"

	"perfpipe/internal/api"
	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/request"
	"perfpipe/internal/schedule"
	"perfpipe/internal/search"
)

func groups() kong.Option {
	return cli.Groups(
		kong.Group{Key: "server", Title: "Server:"},
		kong.Group{Key: "load", Title: "Load:"},
		kong.Group{Key: "requests", Title: "Requests:"},
		kong.Group{Key: "sessions", Title: "Sessions (lines with session, and conversations):"},
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
		"api":     append(api.Names(), api.Custom),
		"arrival": append(schedule.Prefixes(), load.ArrivalTrace),
		"search":  {search.Parallel, search.Rate}, "profile": {"knee"},
	}
}

// vars are the words of flags' help that come from tables.
func vars() kong.Vars { return kong.Vars{"arrivals": strings.Join(schedule.Kinds(), ", ")} }

type flags struct {
	cli.VersionFlag
	cli.ModeFlag
	part load.Shard // that this process has

	Input string `arg:"" optional:"" name:"file" help:"File of request lines, also gzip or zstd; default: stdin."`

	URL     []string    `name:"url" sep:"none" group:"server" placeholder:"URL" help:"Server: an origin, a base such as http://host:8000/v1, or a whole endpoint. Repeat it to use several servers in turn."`
	API     string      `name:"api" group:"server" placeholder:"NAME" help:"API of the server, if the URL and the bodies do not tell; or a server to start: local, local_vllm, local_sglang, local_llamacpp. See docs/apis.md."`
	Model   string      `group:"server" help:"Model for bodies that name none; default: the server's first (GET /v1/models). For --api local*: the weights, a folder or a hub's name."`
	APIKey  string      `name:"api-key" group:"server" env:"OPENAI_API_KEY" placeholder:"KEY" help:"Sent as Authorization: Bearer KEY."`
	Headers cli.Strings `group:"server" placeholder:"NAME=VALUE" help:"Additional headers."`

	Rate          cli.Floats   `group:"load" placeholder:"R" help:"Open loop at R requests/s; a list sweeps; inf sends all at once. With --parallel, at most N requests are in flight."`
	Parallel      cli.Ints     `group:"load" placeholder:"N" help:"Closed loop with N concurrent requests; a list sweeps. Default: 1."`
	OpenLoop      bool         `group:"load" help:"Require an open loop: ignore --parallel."`
	Number        cli.Ints     `short:"n" group:"load" placeholder:"N" help:"Measured requests of each load point. Default: all lines."`
	Duration      cli.Duration `group:"load" placeholder:"TIME" help:"Stop starting requests after this time in each load point."`
	Arrival       string       `group:"load" default:"poisson" placeholder:"KIND" help:"Arrival process: ${arrivals}, or trace (at_ms of the lines)."`
	Speedup       float64      `group:"load" default:"1" help:"Replay a trace, and the delays of sessions, faster by this factor."`
	Seed          uint64       `group:"load" default:"0" help:"Seed of the arrival times."`
	WarmupNum     float64      `group:"load" placeholder:"N" help:"Warm-up requests before the measured ones; below 1, a share of --number."`
	SleepInterval cli.Duration `group:"load" default:"5s" placeholder:"TIME" help:"Pause between the load points of a sweep."`
	Between       string       `group:"load" placeholder:"CMD" help:"Shell command to run between the load points of a sweep."`
	Cycle         bool         `group:"load" help:"Repeat the input when it runs short."`
	Grace         cli.Duration `group:"load" default:"30s" placeholder:"TIME" help:"After Ctrl-C, wait this long for requests in flight."`

	Label            cli.Labels  `group:"requests" placeholder:"KEY=VALUE" help:"Labels of every record, for perf-stats --by labels.KEY."`
	NoUsage          bool        `group:"requests" help:"Do not add stream_options.include_usage to streamed requests."`
	NoServerTimes    bool        `group:"requests" help:"Neither ask for the times that servers report of themselves nor record them."`
	DropParams       cli.Strings `group:"requests" placeholder:"KEY" help:"Remove these keys from the bodies."`
	NoTestConnection bool        `group:"requests" help:"Skip the one-token request that checks URL, key and model before the run."`
	TokenizerPath    string      `group:"requests" placeholder:"NAME" help:"Tokenizer that counts output tokens if the server does not."`
	OnBadLine        string      `group:"requests" enum:"fail,skip" default:"fail" help:"At a line that is not a request: fail or skip it."`

	ConnectTimeout cli.Duration `group:"connection" default:"20s" placeholder:"TIME" help:"Timeout of DNS lookup, connecting and TLS; 0: none."`
	ReadTimeout    cli.Duration `group:"connection" placeholder:"TIME" help:"Timeout between two reads of an answer."`
	TotalTimeout   cli.Duration `group:"connection" default:"6h" placeholder:"TIME" help:"Timeout of a whole request."`
	Preconnect     bool         `group:"connection" help:"Open the connections before the load begins."`
	MaxConns       int          `group:"connection" default:"0" placeholder:"N" help:"Connection limit of an open loop; default: what the file limit allows."`

	Output      string `short:"o" group:"output" placeholder:"FILE" help:"Records; - or nothing: stdout. FILE.gz and FILE.zst are compressed; {shard} in the name is the shard's number."`
	Force       bool   `group:"output" help:"Replace the file of -o if it exists and is not empty."`
	Resume      string `group:"output" placeholder:"FILE" help:"Send what this records file does not hold yet, and append to it."`
	SaveOutput  bool   `group:"output" help:"Keep the text of the answers in the records."`
	SaveRequest bool   `group:"output" help:"Keep the request lines in the records."`
	FactsOut    string `group:"output" placeholder:"FILE" help:"Write what belongs to the whole run as JSON: the command, version, host, times, counts and verdict."`
	RunDir      string `group:"output" placeholder:"DIR" help:"Keep requests, records, facts and server metrics in a folder of this run in DIR, for perf-stats and perf-plot."`
	LogEveryN   int    `name:"log-every-n-query" group:"output" placeholder:"N" help:"Log a line after every N requests."`
	Progress    bool   `negatable:"" default:"true" group:"output" help:"Show the progress of the run."`
	Debug       bool   `group:"output" help:"Log each request and each line of its answer to stderr."`
	Strict      bool   `group:"output" help:"Exit 1 unless the load generator was clean."`

	Sim       string `group:"sim" placeholder:"KEY=VALUE,…" help:"Settings of the built-in simulator: ttft, per-token, itl, jitter, slots, error-rate, seed, tokens, model, cache (tokens of a prefix cache), times (the server in whose format it reports its times: vllm, llamacpp, …); such as ttft=200ms,itl=20ms."`
	ServeSim  string `group:"sim" placeholder:"ADDR" help:"Serve the simulator, and send nothing."`
	Calibrate bool   `group:"sim" help:"Measure the error and the ceiling of this machine against the simulator. Takes a minute or two."`
	Truth     string `group:"sim" placeholder:"FILE" help:"Write what the simulator did for each request as JSON lines."`

	localFlags
	metricsFlags
	WaitReady cli.Duration `group:"server" placeholder:"TIME" help:"Wait up to TIME for a server that is still starting."`
	transportFlags
	saturationFlags
	searchFlags
	sessionFlags
	traceFlags
	shardFlags
}

// servers reads --url. No URL is the simulator.
func (f *flags) servers() ([]*url.URL, error) {
	list, err := client.ParseURLs(f.URL)
	if err != nil {
		return nil, fault.Usage("it looks like http://127.0.0.1:8000/v1/chat/completions", "--url: %w", err)
	}
	return list, nil
}

func (f *flags) headers() (map[string]string, error) { return headerFlag("--headers", f.Headers) }

// key is --api-key without the line end of a file that it may come from.
func (f *flags) key() (string, error) {
	key := strings.TrimSpace(f.APIKey)
	if request.CheckHeader("Authorization", key) != nil {
		return "", fault.Usage("it goes into a header", "--api-key: it has a control character")
	}
	return key, nil
}

// headerFlag reads the headers of a flag.
func headerFlag(flag string, list []string) (map[string]string, error) {
	m, err := request.ParseHeaders(list)
	if err != nil {
		return nil, fault.Usage("write "+flag+" NAME=VALUE, each name once", "%s: %w", flag, err)
	}
	return m, nil
}

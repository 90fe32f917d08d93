package main

import (
	"cmp"
	"runtime"

	"github.com/alecthomas/kong"

	"perfpipe/internal/cli"
	"perfpipe/internal/define"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/filter"
	"perfpipe/internal/gate"
	"perfpipe/internal/group"
	"perfpipe/internal/stats"
	"perfpipe/internal/track"
)

const description = "Statistics over record lines, as perf-send writes them: counts, throughput, and TTFT, TPOT, " +
	`ITL, latency and
response time with percentiles, one block for each load point. Reads stdin if no FILE is named, and gzip and zstd, too.

  perf-stats records.jsonl
  perf-stats --slo 'ttft_ms:p99<500' 'ok>=0.99' --format json -o summary.json records.jsonl
  perf-stats --compare base.jsonl new.jsonl --fail-on-regression 5%`

type flags struct {
	colors bool         // color text
	run    *facts.Facts // of the run as a whole; nil if unknown

	Files []string `arg:"" optional:"" name:"file" help:"Files of record lines, or folders of runs; - is stdin."`

	By     []string `group:"records" default:"run" placeholder:"KEY,…" help:"Group the records by these keys, such as labels.tenant,turn; file groups by input file."`
	Where  string   `group:"records" placeholder:"EXPR" help:"Use only records for which this jq expression is true."`
	Warmup bool     `group:"records" help:"Include warm-up records."`

	ExcludePauses bool `group:"records" help:"Leave out the requests that a pause of perf-send affected: it was stopped, suspended or without a CPU."`

	Format      string     `group:"output" default:"" enum:",${formats},evalscope" placeholder:"FORMAT" help:"${formats_help}, or evalscope (its files, with -o DIR). Default: by the ending of --output, else table."`
	State       bool       `group:"output" default:"true" negatable:"" help:"Include in the JSON the state from which perf-stats merges summaries of shards. Default: on."`
	Output      string     `group:"output" short:"o" placeholder:"FILE" help:"Write to FILE instead of stdout. Its ending chooses the format: ${endings}."`
	Lang        string     `group:"output" default:"en" enum:"en,zh" help:"Language of tables, Markdown and HTML: en or zh."`
	SQLite      string     `group:"output" name:"sqlite" placeholder:"FILE" unseen:"compare define evalscope vllm" help:"Also write records and figures to a SQLite database."`
	Parquet     string     `group:"output" placeholder:"FILE" unseen:"compare define evalscope vllm" help:"Also write the records to a Parquet file."`
	Follow      bool       `group:"figures" unseen:"compare define evalscope vllm" help:"On a terminal, redraw the figures every second while records arrive: on stdin, or in FILE until it gets another name, as FILE.partial does at the end of the run."`
	Percentiles cli.Floats `group:"figures" default:"50,90,95,99" placeholder:"P…" unseen:"evalscope" help:"Percentiles to show, by nearest rank."`
	GPUs        *int       `group:"figures" name:"gpus" placeholder:"N" unseen:"compare define evalscope vllm junit" help:"Number of GPUs of the server, for tokens/s per GPU."`

	PDMetrics        bool   `group:"output" name:"enable-pd-metrics" help:"With --format evalscope: add the figures of its flag of that name, which it computes from the gaps between chunks."`
	Define           string `group:"figures" placeholder:"TOOL" unseen:"compare evalscope" help:"Use another tool's formulas: evalscope, vllm, sglang, aiperf, guidellm, inference-perf or llmperf; all shows them beside ours."`
	Ledger           bool   `group:"figures" unseen:"compare define evalscope vllm junit prometheus" help:"Show where the time of requests went, part by part, if the server reports its times (docs/server-times.md)."`
	Why              string `type:"metric" group:"figures" placeholder:"[METRIC]" unseen:"compare define evalscope vllm junit prometheus csv-ledger" help:"Show what the slowest requests have in common: ttft_ms (default), tpot_ms, itl_ms, latency_ms or response_ms."`
	CI               bool   `group:"figures" name:"ci" unseen:"define evalscope vllm junit prometheus csv-ledger" help:"Show 95 % confidence intervals of means and percentiles."`
	Compare          bool   `group:"gates" help:"Compare two FILEs, base and new, figure by figure; several runs of a side are written a.jsonl,b.jsonl."`
	FailOnRegression string `group:"gates" placeholder:"PERCENT" help:"With --compare: exit 1 if a headline figure is worse by more, such as 5%, or cannot be judged."`
	CannotTell       int    `group:"gates" name:"cannot-tell" default:"1" placeholder:"CODE" help:"With --fail-on-regression: the exit code if a headline figure cannot be judged (default 1); 0 lets the gate pass."`

	Failures string         `group:"records" default:"inf" enum:"inf,drop" unseen:"define evalscope vllm" help:"Response time of failed requests: inf, or drop them."`
	Goodput  cli.Conditions `group:"figures" placeholder:"COND…" unseen:"compare evalscope" help:"Count requests that meet these limits: 'ttft_ms<500' 'tpot_ms<50'."`
	SLO      cli.Conditions `group:"gates" name:"slo" placeholder:"COND…" unseen:"compare define evalscope vllm" help:"Gates; exit 1 if one is missed: 'ttft_ms:p99<500' 'ok>=0.99' 'goodput>=0.95'."`

	Facts string `group:"records" placeholder:"FILE" unseen:"compare define evalscope vllm" help:"Facts of the run, as perf-send --facts-out writes them, to show first. Default: those in the folder of a run."`

	Exact     bool         `group:"records" help:"Keep every value, instead of a sketch beyond 262,144."`
	OnBadLine string       `group:"records" default:"fail" enum:"fail,skip" help:"At a line that is not a record: fail or skip it."`
	Grace     cli.Duration `group:"figures" default:"5s" placeholder:"TIME" help:"After Ctrl-C, wait this long for the last records of perf-send."`

	serverFlags `embed:""`
	trackFlags  `embed:"" group:"trackers"`

	cli.VersionFlag
	cli.ModeFlag
	cli.ColorFlag
}

func groups() kong.Option {
	return cli.Groups(
		kong.Group{Key: "records", Title: "Records:"},
		kong.Group{Key: "figures", Title: "Figures:"},
		kong.Group{Key: "gates", Title: "Gates and comparison:"},
		kong.Group{Key: "output", Title: "Output:"},
		kong.Group{Key: "trackers", Title: "Trackers:"},
	)
}

// choices returns the values that completion offers for flags.
func choices() cli.Choices {
	return cli.Choices{"define": define.Names(), "visualizer": track.Names()}
}

// beside reads the facts of the run, and finds its server metrics. Without --facts and --metrics they are those in the
// folder of the run, if that is the only input.
func (f *flags) beside() error {
	if len(f.Files) == 1 {
		known, metrics := facts.Beside(f.Files[0])
		f.Facts, f.Metrics = cmp.Or(f.Facts, known), cmp.Or(f.Metrics, metrics)
	}
	if len(f.Files) == 0 {
		return nil // records come from a pipe, and perf-send writes the facts at its end
	}
	return f.readFacts()
}

// readFacts reads the facts of the run, if there are any.
func (f *flags) readFacts() (err error) {
	if f.Facts == "" {
		return nil
	}
	if f.run, err = facts.Read(f.Facts); err != nil {
		return fault.Fail("perf-send --facts-out writes it", "--facts: %w", err)
	}
	return nil
}

// newStream returns a stream for the records that the flags select.
func (f *flags) newStream(opt stats.Options) (*stats.Stream, error) {
	s := stats.NewStream(opt, min(2, runtime.GOMAXPROCS(0)), f.OnBadLine == "skip")
	s.WithoutSummaries(cli.FirstSet(map[string]bool{
		"--define": f.Define != "", "--format evalscope": f.Format == evalscopeFormat, "--parquet": f.Parquet != "",
		"--sqlite": f.SQLite != "", "--where": f.Where != "", "--why": f.Why != "",
	}))
	if f.Where == "" {
		return s, nil
	}
	selects, err := filter.Compile("--where", f.Where)
	s.Where(selects)
	return s, err
}

func (f *flags) options() (opt stats.Options, err error) {
	if f.Percentiles, err = stats.CheckPercentiles(f.Percentiles); err != nil {
		return opt, err
	}
	opt.Percentiles, opt.Warmup, opt.DropFailures = f.Percentiles, f.Warmup, f.Failures == "drop"
	if err := f.checkServer(&opt); err != nil {
		return opt, err
	}
	opt.ExcludePauses, opt.GPUs = f.ExcludePauses, *cmp.Or(f.GPUs, new(int))
	if opt.Why = f.Why; f.Exact {
		opt.ExactLimit = -1
	}
	if opt.By, err = cli.ParseAll("--by", "", f.By, group.Parse); err != nil {
		return opt, err
	}
	if opt.Goodput, err = cli.ParseAll("--goodput", "", f.Goodput, gate.ParseLimit); err != nil {
		return opt, err
	}
	if opt.Gates, err = cli.ParseAll("--slo", "", f.SLO, gate.Parse); err != nil {
		return opt, err
	}
	for _, g := range opt.Gates {
		if g.OnGoodput() && len(f.Goodput) == 0 {
			return opt, fault.Usage("--goodput 'ttft_ms<500' defines a good request", "--slo: %s needs --goodput", g.Text)
		}
	}
	opt.Intervals = f.CI || f.Format == "json"
	switch {
	case f.GPUs != nil && opt.GPUs < 1:
		return opt, fault.Usage("", "--gpus: %d is below 1", opt.GPUs)
	case f.FailOnRegression != "" && !f.Compare:
		return opt, fault.Usage("", "--fail-on-regression: it is for --compare")
	case f.FailOnRegression == "" && f.CannotTell != 1:
		return opt, fault.Usage("", "--cannot-tell: it is for --fail-on-regression")
	case f.CannotTell < 0 || f.CannotTell > 125:
		return opt, fault.Usage("", "--cannot-tell: %d is not an exit code from 0 to 125", f.CannotTell)
	case f.PDMetrics && f.Format != evalscopeFormat:
		return opt, fault.Usage("", "--enable-pd-metrics: belongs to --format evalscope")
	case f.Format == evalscopeFormat && cli.IsStd(f.Output):
		return opt, fault.Usage("-o DIR takes them", "--format: evalscope writes files")
	case f.Format == "junit" && len(f.SLO) == 0:
		return opt, fault.Usage("--slo 'ttft_ms:p99<500' is one", "--format: junit needs gates")
	}
	return opt, nil
}

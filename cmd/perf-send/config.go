package main

import (
	"cmp"
	"context"
	"io"
	"net/url"
	"os/exec"
	"slices"
	"time"

	"perfpipe/internal/api"
	"perfpipe/internal/bench"
	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/hub"
	"perfpipe/internal/launch"
	"perfpipe/internal/load"
	"perfpipe/internal/sim"
)

// localFlags are those of --api local, local_vllm, local_sglang and local_llamacpp, and of --api custom.
type localFlags struct {
	APISpec string `name:"api-spec" group:"server" placeholder:"FILE" help:"Specification of an API, for --api custom; see docs/apis.md."`

	Python         string       `group:"local" placeholder:"ENV" help:"Python environment or interpreter of the server. Default: from PATH."`
	Port           int          `group:"local" placeholder:"N" help:"Port on 127.0.0.1. Default: a free one."`
	Attn           string       `name:"attn-implementation" group:"local" placeholder:"KIND" help:"For --api local: flash_attention_2, eager or sdpa."`
	ServerArgs     cli.Words    `group:"local" placeholder:"ARGS" help:"Additional arguments of the server, quoted as in a shell: '--tensor-parallel-size 2'."`
	StartupTimeout cli.Duration `group:"local" default:"10m" placeholder:"TIME" help:"Time within which the server must answer."`
	DataSource     string       `group:"local" enum:",modelscope,huggingface,local" default:"" placeholder:"HUB" help:"Hub from which the weights of --model are downloaded: modelscope or huggingface. Default: the server downloads them. Also the hub of --tokenizer-path; default: modelscope."`
}

// send sends the load points to the server and writes the records.
func send(env *cli.Env, f *flags, points []load.Point) error {
	cfg, err := f.config(env, points)
	if err != nil {
		return err
	}
	in, name, closeIn, err := env.Input(f.Input, func(r io.Reader) (io.Reader, error) { return r, nil })
	if err != nil {
		return err
	}
	defer closeIn()
	cfg.Input = bench.Input{
		Reader: in, Name: name, Cycle: f.Cycle, Skip: f.OnBadLine == "skip", Label: f.Label.Over,
		Limit: f.SessionLimit,
	}
	if cfg.Output.Counted {
		env.Stdout = io.Discard
	}
	ctx, abort, stop := env.Interrupts()
	defer stop()
	return bench.Run(ctx, abort, cfg)
}

// config returns the configuration of the run, without its input.
func (f *flags) config(env *cli.Env, points []load.Point) (c bench.Config, err error) {
	c = bench.Config{
		Ready: time.Duration(f.WaitReady), Test: !f.NoTestConnection,
		Points: points, Limits: f.limits(), Duration: time.Duration(f.Duration),
		Pause: time.Duration(f.SleepInterval), Preconnect: f.Preconnect, MaxConns: f.MaxConns, Grace: time.Duration(f.Grace),
		Shard: f.part, StartAt: f.StartAt, RunID: f.RunID, ClockRef: f.ClockRef,
		Output: bench.Output{
			Folder: f.RunDir, Records: f.Output, Resume: f.Resume != "", Facts: f.FactsOut, Terminal: env.TTY,
			Counted: f.Output == "" && f.RunDir == "" && env.StdoutTTY,
			Create:  env.Create, Continue: env.Continue, CreateNew: env.Mode.CreateNew, Write: env.WriteFile,
		},
		Tokenizer: bench.Tokenizer{
			Name: f.TokenizerPath, Hub: hub.Options{Source: hub.Source(cmp.Or(f.DataSource, "modelscope")), Say: env.Say},
		},
		Strict: f.Strict, Progress: bench.Progress{Every: f.LogEveryN, Quiet: !f.Progress},
		Facts: func() facts.Facts { return facts.Start(env.Name, env.Args, cli.Version()) },
		Say:   env.Say, Hint: env.Hint, Tell: env.Tell,
	}
	if f.Progress && env.TTY && !f.Debug {
		c.Progress.Status = func() func(string) { return env.Status().Set }
	}
	if f.Between != "" {
		c.Between = func(ctx context.Context) error {
			cmd := exec.CommandContext(ctx, "sh", "-c", f.Between)
			cmd.Stdout, cmd.Stderr = env.Stderr, env.Stderr
			return cmd.Run()
		}
	}
	if c.Client, err = f.clientConfig(env); err != nil {
		return c, err
	}
	if c.Search, err = f.searchConfig(); err != nil {
		return c, err
	}
	if c.Metrics, err = f.metrics(); err != nil {
		return c, err
	}
	if c.Server, err = f.server(env, c.Client); err != nil {
		return c, err
	}
	if err = f.traces(&c); err != nil {
		return c, err
	}
	return c, f.sessions(&c)
}

// clientConfig returns the client's configuration. Its URL is nil if the server is to be started here.
func (f *flags) clientConfig(env *cli.Env) (c client.Config, err error) {
	c = client.Config{
		API: f.API, Model: f.Model, NoUsage: f.NoUsage, NoTimes: f.NoServerTimes, NoTCPInfo: f.NoTCPInfo,
		Drop:           append(f.DropParams, launch.Refuses(f.API)...),
		ConnectTimeout: time.Duration(f.ConnectTimeout), ReadTimeout: time.Duration(f.ReadTimeout),
		TotalTimeout: time.Duration(f.TotalTimeout),
		SaveOutput:   f.SaveOutput, SaveRequest: f.SaveRequest,
		Say: env.Say, Hint: env.Hints, Retries: f.Retries, NoResend: f.NoResend, MaxAnswer: f.MaxAnswer,
		Compressed: f.Compressed,
	}
	if f.Debug {
		c.Debug = client.DebugLog(env.Stderr, env.Name)
	}
	if c.Headers, err = f.headers(); err != nil {
		return c, err
	}
	if c.SessionHeaders, err = client.SessionHeaders(f.SessionHeader); err != nil {
		return c, err
	}
	if c.APIKey, err = f.key(); err != nil {
		return c, err
	}
	if c.Custom, err = api.Choose(f.API, f.APISpec); err != nil {
		return c, err
	}
	if c.Network, err = f.network(c.Headers); err != nil {
		return c, err
	}
	servers, err := f.servers()
	if len(servers) > 0 {
		c.URL, c.More = servers[0], servers[1:]
	}
	if c.APIKey != "" && slices.ContainsFunc(servers, func(u *url.URL) bool { return u.User != nil }) {
		env.Say("--url has a user, which is sent as Authorization: Basic in place of the key")
	}
	return c, err
}

// server returns the server to start unless --url names one.
func (f *flags) server(env *cli.Env, c client.Config) (s bench.Server, err error) {
	if launch.Is(f.API) {
		switch {
		case c.URL != nil:
			return s, fault.Usage("leave out --url, or --api for a server that runs already",
				"--url and --api %s: that server is started here", f.API)
		case f.Model == "":
			return s, fault.Invalid("", "model", "--model is missing")
		case f.Attn != "" && f.API != "local":
			return s, fault.Invalid("", "attn-other", "--attn-implementation is for --api local only")
		}
		s.Launch = launch.Config{
			API: f.API, Model: f.Model, Python: f.Python, Port: f.Port, Attn: f.Attn, Args: f.ServerArgs,
			Timeout: time.Duration(f.StartupTimeout), Say: env.Say,
		}
		s.Hub = hub.Options{Source: hub.Source(f.DataSource), Say: env.Say, Terminal: env.Stderr}
		return s, nil
	}
	name := cli.FirstSet(map[string]bool{
		"python": f.Python != "", "port": f.Port != 0, "attn-implementation": f.Attn != "",
		"server-args": len(f.ServerArgs) > 0,
		"data-source": f.DataSource != "" && f.TokenizerPath == "",
	})
	if name != "" {
		return s, fault.Usage("--api local, local_vllm, local_sglang or local_llamacpp starts one",
			"--%s is for a server that is started here", name)
	}
	if c.URL != nil {
		return s, nil
	}
	s.Truth = f.Truth
	s.Sim, err = sim.ParseConfig(f.Sim)
	return s, err
}

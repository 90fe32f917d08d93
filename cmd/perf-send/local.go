package main

import (
	"context"
	"net/url"
	"time"

	"perfpipe/internal/api"
	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/hub"
	"perfpipe/internal/launch"
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

// custom reads --api-spec. It returns nil if there is none.
func (f *flags) custom() (*api.Dialect, error) {
	d, err := api.LoadSpec(f.API, f.APISpec)
	if err != nil {
		return nil, fault.Usage("docs/apis.md shows how to write one", "%w", err)
	}
	return d, nil
}

// server is the server under load: one that runs already, one that is started here, or the simulator.
type server struct {
	url       *url.URL
	model     string // what its bodies must say; "" leaves it to them
	simulated bool
	close     func() error
}

// server returns the server at target, or starts one if target is nil. The context that it returns ends when a server
// that was started here does.
func (f *flags) server(
	ctx context.Context, env *cli.Env, target *url.URL, facts *runFacts,
) (context.Context, *server, error) {
	switch {
	case launch.Is(f.API) && target != nil:
		return nil, nil, fault.Usage("leave out --url, or --api for a server that runs already",
			"--url and --api %s: that server is started here", f.API)
	case launch.Is(f.API):
		return f.startLocal(ctx, env, facts)
	}
	for name, set := range map[string]bool{
		"python": f.Python != "", "port": f.Port != 0, "attn-implementation": f.Attn != "",
		"server-args": len(f.ServerArgs) > 0,
		"data-source": f.DataSource != "" && f.TokenizerPath == "",
	} {
		if set {
			return nil, nil, fault.Usage("--api local, local_vllm, local_sglang or local_llamacpp starts one",
				"--%s is for a server that is started here", name)
		}
	}
	if target != nil {
		return ctx, &server{url: target, close: func() error { return nil }}, nil
	}
	simulator, end, err := startSim(f, "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	env.Say("no --url: the built-in SIMULATOR answers; its figures are not those of any server")
	return ctx, &server{url: simulator, simulated: true, close: end}, nil
}

func (f *flags) startLocal(ctx context.Context, env *cli.Env, facts *runFacts) (context.Context, *server, error) {
	model, err := f.weights(ctx, env)
	if err != nil {
		return nil, nil, err
	}
	s, err := launch.Start(ctx, launch.Config{
		API: f.API, Model: model, Python: f.Python, Port: f.Port, Attn: f.Attn, Args: f.ServerArgs,
		Timeout: time.Duration(f.StartupTimeout), Say: env.Say,
	})
	if err != nil {
		return nil, nil, err
	}
	u, err := url.Parse(s.URL())
	return s.Context(ctx), &server{url: u, model: s.Model(), close: func() error {
		died := s.Err()
		s.Close()
		facts.Server = &serverFacts{f.API, s.Model(), s.Log(), s.Memory()}
		return died
	}}, err
}

// weights downloads --model if --data-source names a hub, and returns its folder.
func (f *flags) weights(ctx context.Context, env *cli.Env) (string, error) {
	if f.DataSource == "" || f.Model == "" {
		return f.Model, nil
	}
	opt := hub.Options{Source: hub.Source(f.DataSource), Say: env.Say, Terminal: env.Stderr}
	repo, err := hub.Open(f.Model, hub.Model, opt)
	if err != nil {
		return "", err
	}
	return repo.Weights(ctx)
}

package bench

import (
	"context"
	"net/url"

	"perfpipe/internal/fault"
	"perfpipe/internal/hub"
	"perfpipe/internal/launch"
	"perfpipe/internal/sim"
)

// server is the server under load: one that runs already, one that was started here, or the simulator.
type server struct {
	url   *url.URL
	model string // that bodies must name; "": any
	close func() error
}

// start returns the server under load, and starts it unless it runs already. The context that it returns ends when a
// server that was started here does.
func (r *runner) start(ctx context.Context) (context.Context, *server, error) {
	switch {
	case r.Client.URL != nil:
		return ctx, &server{url: r.Client.URL, close: func() error { return nil }}, nil
	case !r.simulates():
		return r.launch(ctx)
	}
	simulator, end, err := Simulate(r.Server.Sim, "127.0.0.1:0", r.Server.Truth)
	if err != nil {
		return nil, nil, err
	}
	if text := r.next("simulator"); text != "" {
		r.Say("%s", text)
	}
	return ctx, &server{url: simulator, close: end}, nil
}

// simulates reports whether the simulator is the server.
func (r *runner) simulates() bool { return r.Client.URL == nil && r.Server.Launch.API == "" }

// launch starts a server on this machine.
func (r *runner) launch(ctx context.Context) (context.Context, *server, error) {
	cfg := r.Server.Launch
	model, err := r.weights(ctx)
	if err != nil {
		return nil, nil, err
	}
	cfg.Model = model
	s, err := launch.Start(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	u, err := url.Parse(s.URL())
	return s.Context(ctx), &server{url: u, model: s.Model(), close: func() error {
		died := s.Err()
		s.Close()
		r.report.Server = &serverFacts{cfg.API, s.Model(), s.Log(), s.Memory()}
		return died
	}}, err
}

// weights downloads the model if a hub is named, and returns its folder.
func (r *runner) weights(ctx context.Context) (string, error) {
	name := r.Server.Launch.Model
	if r.Server.Hub.Source == "" || name == "" {
		return name, nil
	}
	repo, err := hub.Open(name, hub.Model, r.Server.Hub)
	if err != nil {
		return "", err
	}
	return repo.Weights(ctx)
}

// Simulate starts the simulator on addr. Stop ends it and completes the file truth, unless that is "".
func Simulate(cfg sim.Config, addr, truth string) (target *url.URL, stop func() error, err error) {
	var file *sim.TruthFile
	if truth != "" {
		if file, err = sim.CreateTruth(truth); err != nil {
			return nil, nil, fault.Of("truth", "", "%w", err)
		}
	}
	target, end, err := sim.Serve(cfg, addr, file)
	if err != nil {
		return nil, nil, fault.Of("serve-sim", "sim-address", "%w", err)
	}
	return target, func() error {
		if err := end(); err != nil {
			return fault.Of("truth", "", "%w", err)
		}
		return nil
	}, nil
}

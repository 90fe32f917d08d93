package main

import (
	"context"
	"errors"
	"io"
	"net/url"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/clock"
	"perfpipe/internal/launch"
	"perfpipe/internal/load"
	"perfpipe/internal/ready"
)

// send sends the load points to the server and writes the records.
func send(env *cli.Env, f *flags, points []load.Point) (err error) {
	cfg, err := f.clientConfig(env, points)
	if err != nil {
		return err
	}
	in, name, closeIn, err := env.Input(f.Input, func(r io.Reader) (io.Reader, error) { return r, nil })
	if err != nil {
		return err
	}
	defer closeIn()
	summary := f.Output == "" && env.StdoutTTY
	if summary {
		env.Stdout = io.Discard
	}
	out, earlier, err := f.openRecords(env)
	if err != nil {
		return err
	}
	defer out.Abort() // does nothing after run
	ctx, abort, stop := env.Interrupts()
	defer stop()
	var facts runFacts
	ctx, to, err := f.server(ctx, env, cfg.URL, &facts)
	if err != nil {
		return err
	}
	defer func() {
		if e := to.close(); err == nil { // the server's death may be why the run ended
			err = e
		}
		err = errors.Join(err, facts.write(env, f.FactsOut))
	}()
	cfg.URL, cfg.Served, cfg.Simulated = to.url, to.model, to.simulated
	clk := clock.New()
	c := client.New(cfg, clk)
	defer c.Close()
	waiter, err := f.await(ctx, env, c, append([]*url.URL{to.url}, cfg.More...))
	if err != nil {
		return err
	}
	stopSampling, err := f.sample(ctx, env, c, to.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopSampling()) }()
	r := &runner{
		env: env, f: f, client: c, ready: waiter, simulated: to.simulated, facts: &facts,
		out: out, earlier: earlier, summary: summary,
	}
	facts.begin(env, f.part)
	if err := r.clock(ctx, to.url, cfg.Network); err != nil {
		return err
	}
	return r.run(ctx, abort, clk, points, in, name)
}

// clientConfig returns the client's configuration. Its URL is nil if the server is to be started here.
func (f *flags) clientConfig(env *cli.Env, points []load.Point) (c client.Config, err error) {
	c = client.Config{
		API: f.API, Model: f.Model, NoUsage: f.NoUsage, Drop: append(f.DropParams, launch.Refuses(f.API)...),
		ConnectTimeout: time.Duration(f.ConnectTimeout), ReadTimeout: time.Duration(f.ReadTimeout),
		TotalTimeout: time.Duration(f.TotalTimeout),
		SaveOutput:   f.SaveOutput || f.TokenizerPath != "", SaveRequest: f.SaveRequest,
		Say: env.Say, Hint: hint, Retries: f.Retries, NoResend: f.NoResend, MaxAnswer: f.MaxAnswer,
		Compressed: f.Compressed,
	}
	if !f.adaptive() { // a search begins with few slots
		c.Batch = client.BatchDelay(points)
	}
	if f.Debug {
		c.Debug = client.DebugLog(env.Stderr, env.Name)
	}
	if c.Headers, err = f.headers(); err != nil {
		return c, err
	}
	if c.APIKey, err = f.key(); err != nil {
		return c, err
	}
	if c.Custom, err = f.custom(); err != nil {
		return c, err
	}
	if c.Network, err = f.network(c.Headers); err != nil {
		return c, err
	}
	servers, err := f.servers()
	if len(servers) > 0 {
		c.URL, c.More = servers[0], servers[1:]
	}
	return c, err
}

// await waits for servers that are still starting, and names the proxies on the way to them.
func (f *flags) await(
	ctx context.Context, env *cli.Env, c *client.Client, servers []*url.URL,
) (*ready.Waiter, error) {
	if err := f.reportRoutes(env, c, servers); err != nil {
		return nil, err
	}
	waiter := ready.NewWaiter(time.Duration(f.WaitReady), env.Say)
	return waiter, notReady(waiter.Servers(ctx, c.Pages(nil), servers))
}

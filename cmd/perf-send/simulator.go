package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"time"

	calibration "perfpipe/internal/calibrate"
	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/sim"
)

// simulator is the built-in server with the file of its truth.
type simulator struct {
	server *sim.Server
	url    *url.URL
	truth  *bufio.Writer
	file   *os.File
	err    error // of the truth's file
}

func startSim(f *flags, addr string) (*simulator, error) {
	cfg, err := sim.ParseConfig(f.Sim)
	if err != nil {
		return nil, fault.Usage("such as --sim ttft=200ms,itl=20ms,slots=8", "--sim: %w", err)
	}
	s := &simulator{}
	var tell func(sim.Truth)
	if f.Truth != "" {
		if s.file, err = os.Create(f.Truth); err != nil {
			return nil, fault.Fail("", "--truth: %w", err)
		}
		s.truth = bufio.NewWriterSize(s.file, 1<<20)
		w := jsonl.NewWriter(s.truth)
		tell = func(t sim.Truth) {
			if err := w.Write(t); err != nil && s.err == nil {
				s.err = err
			}
		}
	}
	s.server = sim.New(cfg, tell)
	base, err := s.server.Start(addr)
	if err != nil {
		return nil, fault.Fail("an address looks like 127.0.0.1:8000; port 0 is any free one", "--serve-sim: %w", err)
	}
	s.url, err = url.Parse(base)
	return s, err
}

// close ends the server and keeps the truth.
func (s *simulator) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s.server.Close(ctx) // what it cuts off stands in the truth as aborted
	if s.file == nil {
		return nil
	}
	for _, err := range []error{s.truth.Flush(), s.file.Close()} {
		if s.err == nil {
			s.err = err
		}
	}
	if s.err != nil {
		return fault.Fail("", "--truth: %w", s.err)
	}
	return nil
}

// serveSim is perf-send --serve-sim: it serves until it is told to end.
func serveSim(env *cli.Env, f *flags) error {
	host, _, err := net.SplitHostPort(f.ServeSim)
	if err != nil {
		return fault.Usage("such as --serve-sim 127.0.0.1:8000", "--serve-sim: %w", err)
	}
	s, err := startSim(f, f.ServeSim)
	if err != nil {
		return err
	}
	env.Say("the simulator serves %s/v1 until Ctrl-C", s.url)
	if ip := net.ParseIP(host); host == "" || ip != nil && !ip.IsLoopback() {
		env.Hint("other machines can reach it; --serve-sim 127.0.0.1:PORT keeps it to this one")
	}
	fmt.Fprintf(env.Stdout, "%s\n", s.url)
	<-env.Signals
	return s.close()
}

// calibrate runs --calibrate, with this program as the simulator.
func calibrate(env *cli.Env) error {
	ctx, abort, stop := interrupts(env)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return fault.Fail("", "--calibrate: %w", err)
	}
	err = calibration.Run(ctx, calibration.Config{
		Simulator: func(spec, truth string) *exec.Cmd {
			return exec.Command(self, "--serve-sim", "127.0.0.1:0", "--sim", spec, "--truth", truth)
		},
		MaxConns: client.Files().Conns(), Say: func(level string) { env.Say("%s …", level) }, Abort: abort,
	}, env.Stdout)
	if err != nil {
		return fault.Fail("", "--calibrate: %w", err)
	}
	return nil
}

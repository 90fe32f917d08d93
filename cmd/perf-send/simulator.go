package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"

	"perfpipe/internal/bench"
	calibration "perfpipe/internal/calibrate"
	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/sim"
)

// serveSim runs --serve-sim: it serves until a signal.
func serveSim(env *cli.Env, f *flags) error {
	if err := env.Alone("serve-sim", f.Input, "send requests to it with another perf-send and --url",
		"sim", "truth", "mode"); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(f.ServeSim)
	if err != nil {
		return fault.Usage("such as --serve-sim 127.0.0.1:8000", "--serve-sim: %w", err)
	}
	cfg, err := sim.ParseConfig(f.Sim)
	if err != nil {
		return err
	}
	target, end, err := bench.Simulate(cfg, f.ServeSim, f.Truth)
	if err != nil {
		return err
	}
	env.Say("the simulator serves %s/v1 until Ctrl-C", target)
	if ip := net.ParseIP(host); host == "" || ip != nil && !ip.IsLoopback() {
		env.Hint("other machines can reach it; --serve-sim 127.0.0.1:PORT keeps it to this one")
	}
	fmt.Fprintf(env.Stdout, "%s\n", target)
	<-env.Signals
	return end()
}

// calibrate runs --calibrate, with this program as the simulator.
func calibrate(env *cli.Env, f *flags) error {
	if err := env.Alone("calibrate", f.Input, "it measures this machine with a simulator and loads of its own; "+
		"the verdict on the load generator of a run is in its figures"); err != nil {
		return err
	}
	ctx, abort, stop := env.Interrupts()
	defer stop()
	self, err := os.Executable()
	if err == nil {
		err = calibration.Run(ctx, calibration.Config{
			Simulator: func(spec, truth string) *exec.Cmd {
				cmd := exec.Command(self, "--serve-sim", "127.0.0.1:0", "--sim", spec, "--truth", truth)
				cmd.Args[0] = "perf-send" // a program that contains all commands acts by the name it is called by
				return cmd
			},
			MaxConns: client.Files().Conns(false), Say: func(level string) { env.Say("%s …", level) }, Abort: abort,
		}, env.Stdout)
	}
	if err != nil {
		return fault.Fail("", "--calibrate: %w", err)
	}
	return nil
}

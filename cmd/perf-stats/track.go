package main

import (
	"fmt"
	"os"
	"reflect"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/stats"
	"perfpipe/internal/track"
)

// trackFlags select the trackers to which a run is logged while its records arrive.
type trackFlags struct {
	Visualizer []string     `type:"trackers" placeholder:"TRACKER…" unseen:"compare define evalscope vllm" help:"Log the run to wandb, swanlab, clearml or mlflow as records arrive. FILE may be a run kept for later."`
	Name       string       `placeholder:"NAME" help:"Name of the run. Default: its model and time."`
	Project    string       `placeholder:"NAME" help:"Project or experiment. Default: WANDB_PROJECT, SWANLAB_PROJ_NAME, CLEARML_PROJECT_NAME or MLFLOW_EXPERIMENT_NAME, else perf_benchmark."`
	RunConfig  cli.Labels   `placeholder:"KEY=VALUE…" help:"Also log these as configuration of the run."`
	Upload     bool         `name:"upload-records" help:"Also upload the records as a file."`
	Python     string       `placeholder:"ENV" help:"Python environment or interpreter with the packages of wandb, swanlab and clearml. Default: python3."`
	OutputsDir string       `default:"outputs" placeholder:"DIR" help:"Folder of local runs, and of what a tracker did not take."`
	Every      cli.Duration `name:"visualizer-interval" default:"5s" placeholder:"TIME" help:"Interval between logs to the tracker."`
	Timeout    cli.Duration `name:"visualizer-timeout" default:"60s" placeholder:"TIME" help:"Wait this long for the tracker after the figures are written."`

	WandbKey    string `name:"wandb-api-key" placeholder:"KEY" help:"Key of wandb. WANDB_API_KEY keeps it out of the process list."`
	SwanlabKey  string `name:"swanlab-api-key" placeholder:"KEY" help:"Key of swanlab, as SWANLAB_API_KEY; local logs to a folder."`
	SwanlabHost string `name:"swanlab-host" placeholder:"URL" help:"URL of your own swanlab server, as SWANLAB_HOST."`
}

// dirHint follows an error about a directory that cannot be written.
const dirHint = "--outputs-dir names a directory that can be written"

func (f *flags) checkTrackers(env *cli.Env) error {
	if len(f.Visualizer) == 0 {
		return checkNoTrackers(env)
	}
	if err := track.Check(f.Visualizer); err != nil {
		return fmt.Errorf("--visualizer: %w", err)
	}
	switch {
	case f.Every == 0:
		return fault.Usage("", "--visualizer-interval: it must be above 0")
	case f.Timeout == 0:
		return fault.Usage("", "--visualizer-timeout: it must be above 0")
	}
	return nil
}

// checkNoTrackers returns an error if a typed flag would have no effect without trackers.
func checkNoTrackers(env *cli.Env) error {
	flag := env.Typed("--name", "--project", "--run-config", "--upload-records", "--python", "--outputs-dir",
		"--visualizer-interval", "--visualizer-timeout", "--wandb-api-key", "--swanlab-api-key", "--swanlab-host")
	if flag != "" {
		return fault.Usage("--visualizer wandb, swanlab, clearml or mlflow", "%s needs --visualizer", flag)
	}
	return nil
}

func (f *flags) trackOptions(env *cli.Env) track.Options {
	opt := track.Options{
		Trackers: f.Visualizer, Project: f.Project, Name: f.Name, Dir: f.OutputsDir, Python: f.Python, Getenv: os.Getenv,
		Config: map[string]any{"version": cli.Version(), "by": f.By, "count_warmup": f.Warmup, "percentiles": f.Percentiles,
			"failures": f.Failures},
		Report: func(m track.Message) {
			text := m.Fact
			if m.Hint != "" {
				text += "\nhint: " + m.Hint
			}
			env.Say("%s", text) // in one piece: trackers report at the same time
		},
		Hints: track.Hints{
			Dir:    dirHint,
			Python: func(pkg string) string { return "--python names an interpreter that has the package " + pkg },
			Resend: func(tracker, path string) string { return "perf-stats --visualizer " + tracker + " " + path },
		},
	}
	opt.SetKeys(map[string]string{
		"WANDB_API_KEY": f.WandbKey, "SWANLAB_API_KEY": f.SwanlabKey, "SWANLAB_HOST": f.SwanlabHost,
	})
	if f.Upload {
		opt.Upload = f.inputs()
	}
	opt.Late = func() map[string]any {
		if f.run == nil {
			return nil
		}
		return f.run.Arguments()
	}
	for key, value := range f.RunConfig {
		opt.Config[key] = facts.Argument(value)
	}
	for name, value := range map[string]any{"where": f.Where, "gpus": f.GPUs, "goodput": f.Goodput, "slo": f.SLO} {
		if v := reflect.Indirect(reflect.ValueOf(value)); v.IsValid() && !v.IsZero() {
			opt.Config[name] = v.Interface()
		}
	}
	return opt
}

// startTracking begins to log what the stream reads, if a tracker is asked for.
func (f *flags) startTracking(env *cli.Env, stream *stats.Stream) (*track.Run, error) {
	if len(f.Visualizer) == 0 {
		return nil, nil
	}
	snapshot := func() *stats.Summary { return stream.Collector().Summary() }
	run, err := track.Start(f.trackOptions(env), time.Duration(f.Every), snapshot)
	if err != nil {
		return nil, fault.Fail(dirHint, "--upload-records: %w", err)
	}
	env.Stdin = run.Stdin(env.Stdin)
	stream.Also(run.Collect)
	return run, nil
}

// finishTracking logs the end of a run, which failed unless it is whole. The trackers have until the timeout or a
// signal. Their failure does not change the exit code.
func (f *flags) finishTracking(env *cli.Env, in *cli.Grace, run *track.Run, whole bool) {
	if run == nil {
		return
	}
	in.Stop() // the next signal is for the trackers
	ctx, stop := env.Context()
	defer stop()
	var slow func()
	if env.TTY {
		slow = func() {
			env.Say("waiting for trackers, %v at most; Ctrl-C ends it and keeps what is not logged", time.Duration(f.Timeout))
		}
	}
	run.Finish(ctx, time.Duration(f.Timeout), slow, whole)
}

// sendKept logs runs that a tracker did not log before.
func (f *flags) sendKept(env *cli.Env) error {
	if f.Name != "" {
		return fault.Usage("", "--name: a kept run has its name")
	}
	ctx, stop := env.Context()
	defer stop()
	return track.Send(ctx, f.trackOptions(env), f.Files, time.Duration(f.Timeout))
}

func (f *flags) inputs() []string {
	if len(f.Files) == 0 {
		return []string{"-"}
	}
	return f.Files
}

package main

import (
	"cmp"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
)

// pipe runs perf-gen | perf-send | perf-stats, and writes the records on their way into dir. This process ignores
// interrupts meanwhile, so that the records of an interrupted run are complete.
func (j *job) pipe(env *cli.Env, dir string) error {
	file, err := os.Create(filepath.Join(dir, "records.jsonl"))
	if err != nil {
		return fault.Fail("", "%w", err)
	}
	defer file.Close()
	gen, send, stats := j.gen.command(), j.send.command(), j.stats.command()
	for _, c := range []*exec.Cmd{gen, send, stats} {
		c.Env = append(os.Environ(), j.env...)
		c.Stderr = env.Stderr
	}
	gen.Stdin, stats.Stdout = env.Stdin, env.Stdout
	if send.Stdin, err = gen.StdoutPipe(); err != nil {
		return err
	}
	records, err := send.StdoutPipe()
	if err != nil {
		return err
	}
	shown, err := stats.StdinPipe()
	if err != nil {
		return err
	}
	for _, c := range []*exec.Cmd{gen, send, stats} {
		if err := c.Start(); err != nil {
			return fault.Fail("put the commands of the pipeline into the folder of evalscope-perf, or on PATH", "%w", err)
		}
		if in, ok := c.Stdin.(*os.File); ok && c == send {
			in.Close() // perf-send has it; open here it would keep perf-gen writing to nobody
		}
	}
	ended := make(chan struct{})
	defer close(ended)
	go pass(env.Signals, ended, send.Process)
	kept := keep(records, file, shown)
	records.Close() // ends perf-send if its records could not be written
	codes, err := exits(gen, send, stats)
	return cmp.Or(kept, err, verdict(cmp.Or(codes[1], codes[0], codes[2])))
}

// keep copies records to the file and to the command that shows them, which may end early.
func keep(records io.Reader, file, shown io.WriteCloser) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := records.Read(buf)
		if _, failed := file.Write(buf[:n]); failed != nil {
			shown.Close()
			return fault.Fail("", "%w", failed)
		}
		shown.Write(buf[:n])
		if err != nil { // the end: what went wrong with perf-send is in its exit code
			shown.Close()
			return file.Close()
		}
	}
}

// exits waits for the commands and returns their exit codes.
func exits(cmds ...*exec.Cmd) (codes []int, err error) {
	for _, c := range cmds {
		waited := c.Wait()
		var exit *exec.ExitError
		if waited != nil && !errors.As(waited, &exit) {
			err = cmp.Or(err, waited)
		}
		codes = append(codes, c.ProcessState.ExitCode())
	}
	return codes, err
}

// verdict returns the error of a pipeline with this exit code.
func verdict(code int) error {
	switch code {
	case fault.CodeOK:
		return nil
	case fault.CodeInterrupted:
		return fault.ErrInterrupted
	default:
		return &fault.Error{Code: code, Err: errors.New("the pipeline ended with an error")}
	}
}

// pass forwards SIGTERM to perf-send, which then ends as after Ctrl-C. Ctrl-C itself reaches all commands.
func pass(signals <-chan os.Signal, ended <-chan struct{}, send *os.Process) {
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGTERM {
				send.Signal(s)
			}
		case <-ended:
			return
		}
	}
}

// run runs a stage that reads the records in dir.
func (s *stage) run(stdout, stderr io.Writer, dir string) error {
	cmd := s.command()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Run(); err != nil {
		return fault.Fail("the records are in "+dir, "%s: %w", s.name, err)
	}
	return nil
}

// command returns the stage as a process: the command in the folder of this program, or else the one on PATH.
func (s *stage) command() *exec.Cmd {
	if self, err := os.Executable(); err == nil {
		if self, err = filepath.EvalSymlinks(self); err == nil {
			if beside, err := exec.LookPath(filepath.Join(filepath.Dir(self), s.name)); err == nil {
				return exec.Command(beside, s.args...)
			}
		}
	}
	return exec.Command(s.name, s.args...)
}

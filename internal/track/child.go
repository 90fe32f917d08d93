package track

import (
	"bufio"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-json"
)

// script drives the Python packages of the trackers.
//
//go:embed track.py
var script string

// bootstrap reads the script from the first line of stdin. It then replaces stdin by an empty file, so that no package
// can prompt the user there or read an event.
const bootstrap = `import json,os
lines=os.fdopen(os.dup(0),encoding="utf-8")
os.dup2(os.open(os.devnull,os.O_RDONLY),0)
hello=json.loads(lines.readline())
exec(compile(hello["script"],"track.py","exec"))`

// closeGrace is the time that a child has to exit by itself.
const closeGrace = 2 * time.Second

// child is a tracker with a Python package, in a process that reads events and answers each with a line.
type child struct {
	python string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errs   tail
	ended  chan struct{} // closed when the process has exited
	broken error         // why nothing more can be sent
}

// answer is the script's answer to an event.
type answer struct {
	Place string `json:"place"`
	Error string `json:"error"`
	Hint  string `json:"hint"`
	Small bool   `json:"small"`
}

func newChild(name string, opt Options) *child {
	c := &child{ended: make(chan struct{})}
	if c.broken = c.start(name, opt); c.broken != nil {
		c.cmd = nil
	}
	return c
}

func (c *child) start(name string, opt Options) (err error) {
	if c.python, err = interpreter(opt.Python); err != nil {
		return &trouble{err: err, hint: opt.Hints.Python(name)}
	}
	c.cmd = exec.Command(c.python, "-c", bootstrap)
	c.cmd.Env = append(os.Environ(), opt.Keys...)
	c.cmd.Stderr = &c.errs
	c.cmd.SysProcAttr = ownGroup()
	c.cmd.WaitDelay = closeGrace
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return err
	}
	// Not StdoutPipe, which Wait closes while it is being read.
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	c.cmd.Stdout, c.out = w, bufio.NewReader(r)
	err = c.cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return err
	}
	go func() {
		c.cmd.Wait()
		close(c.ended)
	}()
	dir, err := filepath.Abs(opt.Dir)
	if err != nil {
		return err
	}
	hello, err := json.Marshal(map[string]string{
		"script": script, "tracker": name, "project": project(name, opt), "dir": dir, "python": c.python,
	})
	if err != nil {
		return err
	}
	_, err = c.in.Write(append(hello, '\n'))
	return err
}

// interpreter returns the path of a Python interpreter, given a program or the folder of an environment.
func interpreter(name string) (string, error) {
	name = cmp.Or(name, "python3")
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		name = filepath.Join(name, "bin", "python")
	}
	return exec.LookPath(name)
}

// project returns the project: that of the options, else that of the tracker's own environment variable.
func project(name string, opt Options) string {
	variable := map[string]string{
		"wandb": "WANDB_PROJECT", "swanlab": "SWANLAB_PROJ_NAME", "clearml": "CLEARML_PROJECT_NAME",
		"mlflow": "MLFLOW_EXPERIMENT_NAME",
	}[name]
	return cmp.Or(opt.Project, opt.Getenv(variable), defaultProject)
}

// send writes the line and waits for the answer. If ctx is done first, it kills the process.
func (c *child) send(ctx context.Context, _ *event, line []byte) (string, error) {
	if c.broken != nil {
		return "", c.broken
	}
	stop := context.AfterFunc(ctx, c.kill)
	defer stop()
	var a answer
	_, err := c.in.Write(line)
	if err == nil || errors.Is(err, os.ErrClosed) {
		var text []byte
		if text, err = c.out.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(text, &a)
		}
	}
	switch {
	case ctx.Err() != nil:
		c.broken = ctx.Err()
	case err != nil:
		c.broken = c.death()
	case a.Error != "" && a.Small:
		return "", &trouble{err: errors.New(a.Error), hint: a.Hint, small: true}
	case a.Error != "":
		c.broken = &trouble{err: errors.New(a.Error), hint: a.Hint}
	}
	return a.Place, c.broken
}

// death returns why the process has exited.
func (c *child) death() error {
	c.in.Close()
	select {
	case <-c.ended:
	case <-time.After(closeGrace):
		c.kill()
		<-c.ended
	}
	if last := c.errs.last(); last != "" {
		return fmt.Errorf("%s ended: %s", c.python, last)
	}
	return fmt.Errorf("%s ended: %v", c.python, c.cmd.ProcessState)
}

func (c *child) kill() { killGroup(c.cmd) }

// close ends the process.
func (c *child) close() {
	if c.cmd == nil || c.cmd.Process == nil {
		return
	}
	c.in.Close()
	select {
	case <-c.ended:
	case <-time.After(closeGrace):
		c.kill()
		<-c.ended
	}
}

// tail retains the last bytes that were written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - 8<<10; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

// last returns the last line that is not blank.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(string(t.b))
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}

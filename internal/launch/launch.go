// Package launch starts a model server of this machine as a child process, waits until it answers, and sees to it that
// nothing of it is left, however the parent ends.
//
//	srv, err := launch.Start(ctx, launch.Config{API: "local", Model: "./weights", Say: env.Say})
//	if err != nil { return err }
//	defer srv.Close()
//	… srv.URL(), srv.Model() …
package launch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"perfpipe/internal/fault"
)

// Config says what to start. Only API and Model must be given.
type Config struct {
	API     string        // local, local_vllm, local_sglang or local_llamacpp
	Model   string        // folder or file of weights, or a hub's name
	Python  string        // environment or interpreter that has the server; "" looks on PATH
	Port    int           // on 127.0.0.1; 0 is a free one
	Attn    string        // --attn-implementation, of local only
	Args    []string      // appended to the server's command line
	Timeout time.Duration // until it must answer; 0 is DefaultTimeout
	Log     string        // file for the server's output; "" is a new one in the folder for temporary files
	// Say takes one line: what is done, and what the server writes until it is ready. nil is silence.
	Say func(format string, args ...any)

	grace time.Duration // for tests
}

// DefaultTimeout is how long a server may take to be ready: large weights come from slow disks.
const DefaultTimeout = 10 * time.Minute

// Is says whether api is one that Start serves.
func Is(api string) bool { _, ok := engines[api]; return ok }

// Refuses lists the keys of bodies that the server of api is known to answer with an error rather than to ignore.
func Refuses(api string) []string { return engines[api].refuses }

// Server is a running child.
type Server struct {
	cfg    Config
	engine engine
	url    string
	model  string
	log    *os.File
	group  *group
	cmd    *exec.Cmd
	meter  *meter
	done   chan struct{} // closed when the child has ended
	exit   error         // of the child, when done is closed
	told   bool          // somebody reads what is said
	ending atomic.Bool   // Close was called
	close  sync.Once
}

// Start starts the server and returns when it answers. When it does not, by ctx, by the timeout or because it died, all
// of it is gone when Start returns; the server's last lines have been said, and the error has the likely cure.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	e, ok := engines[cfg.API]
	if !ok {
		return nil, fault.Usage("the local ones are "+strings.Join(apis(), ", "), "%q is no local server", cfg.API)
	}
	if cfg.Attn != "" && cfg.API != "local" {
		return nil, fault.Usage("--server-args passes "+e.name+"'s own flags on", "--attn-implementation is for --api local only")
	}
	told := cfg.Say != nil
	if !told {
		cfg.Say = func(string, ...any) {}
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	port, err := freePort(cfg.Port)
	if err != nil {
		return nil, err
	}
	model, local, err := locate(cfg.Model)
	if err != nil {
		return nil, err
	}
	command, err := e.find(ctx, cfg.Python)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, told: told, engine: e, url: fmt.Sprintf("http://127.0.0.1:%d", port), done: make(chan struct{})}
	s.model = cfg.Model
	if e.servesPath {
		s.model = model
	}
	if s.log, err = openLog(cfg.Log); err != nil {
		return nil, err
	}
	args := append(command[1:], e.args(job{model, s.model, local, strconv.Itoa(port), cfg.Attn})...)
	cmd := exec.Command(command[0], append(args, cfg.Args...)...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.Env = append(os.Environ(), e.env...)
	if _, set := os.LookupEnv("HF_HUB_OFFLINE"); local && !set {
		// Weights on disk need nothing from a hub, and some servers wait for one that does not answer.
		cmd.Env = append(cmd.Env, "HF_HUB_OFFLINE=1", "TRANSFORMERS_OFFLINE=1")
	}
	cfg.Say("starting %s for %s; its log is %s", e.name, cfg.Model, s.log.Name())
	if err := s.spawn(cmd); err != nil {
		s.Close()
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// URL is the origin: http://127.0.0.1:PORT.
func (s *Server) URL() string { return s.url }

// Model is the name that the server wants in the model key of a body.
func (s *Server) Model() string { return s.model }

// Log is the path of the file that keeps the server's output.
func (s *Server) Log() string { return s.log.Name() }

// Done is closed when the server has ended; Err then says why, with its last lines.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err is nil while the server runs and after Close.
func (s *Server) Err() error {
	select {
	case <-s.done:
		if !s.ending.Load() {
			return s.died(false)
		}
	default:
	}
	return nil
}

// Memory is the most that the server has used so far.
func (s *Server) Memory() Memory { return s.meter.peak() }

// Close ends the server: it is asked to, and after grace whatever is left of it, the children that it made included, is
// killed. The log stays.
func (s *Server) Close() {
	s.close.Do(func() {
		s.ending.Store(true)
		if s.meter != nil {
			s.meter.stop()
		}
		if s.group != nil {
			s.group.end(s.done)
			<-s.done
		}
		s.log.Close()
	})
}

// spawn starts the child in a group of its own.
func (s *Server) spawn(cmd *exec.Cmd) (err error) {
	if s.group, err = newGroup(cmp.Or(s.cfg.grace, defaultGrace)); err != nil {
		close(s.done)
		return fault.Fail("", "cannot start %s: %w", s.engine.name, err)
	}
	cmd.Env = append(cmd.Env, s.group.mark)
	cmd.SysProcAttr = s.group.attr()
	s.cmd = cmd
	started := make(chan error)
	go func() {
		// The kernel sends the parent-death signal when the thread that made the child ends, so this one may not.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			err = cmd.Wait()
		}
		s.exit = err
		close(s.done)
	}()
	if err := <-started; err != nil {
		return fault.Fail("", "cannot start %s: %w", s.engine.name, err)
	}
	s.meter = newMeter(s.group)
	return nil
}

// locate makes a path absolute, as the server's process may not share our idea of where it is.
func locate(model string) (name string, local bool, err error) {
	if model == "" {
		return "", false, fault.Usage("--model takes a folder of weights, or a hub's name", "--model is missing")
	}
	if _, err := os.Stat(model); err == nil {
		abs, err := absolute(model)
		return abs, true, err
	}
	if strings.HasPrefix(model, ".") || strings.HasPrefix(model, "/") || strings.HasPrefix(model, "~") {
		return "", false, fault.Fail("--model takes a folder of weights, or a hub's name such as ORG/NAME",
			"--model %s: no such file or folder", model)
	}
	return model, false, nil
}

// freePort asks the system for a port that nobody listens on, or whether the one wanted is free.
func freePort(want int) (int, error) {
	l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", want))
	if err != nil {
		return 0, fault.Fail("--port 0 takes a free one", "--port %d: %w", want, errors.Unwrap(err))
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func openLog(path string) (*os.File, error) {
	if path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // servers log prompts
		if err != nil {
			return nil, fault.Fail("", "%w", err)
		}
		return f, nil
	}
	f, err := os.CreateTemp("", "perfpipe-server-*.log")
	if err != nil {
		return nil, fault.Fail("TMPDIR says where temporary files go", "%w", err)
	}
	return f, nil
}

// Package launch starts a model server on this machine as a child process, waits until it answers, and ensures that all
// of its processes end, however the parent ends.
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

// Config describes the server to start. Only API and Model are required.
type Config struct {
	API     string        // local, local_vllm, local_sglang or local_llamacpp
	Model   string        // folder or file of weights, or a hub's name
	Python  string        // environment or interpreter that has the server; "": found on PATH
	Port    int           // on 127.0.0.1; 0: a free one
	Attn    string        // attention implementation, of local only
	Args    []string      // appended to the server's command line
	Timeout time.Duration // within which it must answer; 0: defaultTimeout
	// Say reports each step and each line that the server writes until it is ready. It may be nil.
	Say func(format string, args ...any)

	grace time.Duration // for tests
	log   string        // file for the server's output, for tests; "": a new temporary file
}

// defaultTimeout is enough for large weights on slow disks.
const defaultTimeout = 10 * time.Minute

// Is reports whether Start can start the server of api.
func Is(api string) bool { _, ok := engines[api]; return ok }

// Refuses returns the keys of bodies that the server of api answers with an error rather than ignores.
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
	told   bool          // Config.Say is set
	ending atomic.Bool   // Close was called
	close  sync.Once
}

// Start starts the server and returns when it answers. If it does not, because of ctx, the timeout or its death, all of
// its processes have ended when Start returns. The error then has the likely cure as a hint.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	e, ok := engines[cfg.API]
	if !ok {
		return nil, fault.Usage("the local ones are "+strings.Join(apis(), ", "), "%q is not a local server", cfg.API)
	}
	if cfg.Attn != "" && cfg.API != "local" {
		return nil, fault.Invalid("attn-implementation", "attn-other", "%s has flags of its own for it", e.name)
	}
	told := cfg.Say != nil
	if !told {
		cfg.Say = func(string, ...any) {}
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, defaultTimeout)
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
	if s.log, err = openLog(cfg.log); err != nil {
		return nil, err
	}
	args := append(command[1:], e.args(job{model, s.model, local, strconv.Itoa(port), cfg.Attn})...)
	cmd := exec.Command(command[0], append(args, cfg.Args...)...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.Env = append(os.Environ(), e.env...)
	if _, set := os.LookupEnv("HF_HUB_OFFLINE"); local && !set {
		// Weights on disk need no hub, and some servers wait for one that does not answer.
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

// URL returns the origin: http://127.0.0.1:PORT.
func (s *Server) URL() string { return s.url }

// Model returns the name of the model in the bodies of requests.
func (s *Server) Model() string { return s.model }

// Log returns the path of the server's log.
func (s *Server) Log() string { return s.log.Name() }

// Err returns why the server ended, with its last lines. It is nil while the server runs and after Close.
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

// Context returns a child of ctx that ends when the server ends, with Err as its cause.
func (s *Server) Context(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		<-s.done
		cancel(s.Err())
	}()
	return ctx
}

// Memory returns the peak memory use so far.
func (s *Server) Memory() Memory { return s.meter.peak() }

// Close asks the server to end and, after a grace period, kills what is left of it and its children. The log remains.
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

// locate makes a path absolute, since the server may change its working directory.
func locate(model string) (name string, local bool, err error) {
	if model == "" {
		return "", false, fault.Invalid("model", "model", "there is none")
	}
	if _, err := os.Stat(model); err == nil {
		abs, err := absolute(model)
		return abs, true, err
	}
	if strings.HasPrefix(model, ".") || strings.HasPrefix(model, "/") || strings.HasPrefix(model, "~") {
		return "", false, fault.Of("model "+model, "model", "no such file or folder")
	}
	return model, false, nil
}

// freePort returns a free port, or the port wanted if that is free.
func freePort(want int) (int, error) {
	l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", want))
	if err != nil {
		return 0, fault.Of(fmt.Sprintf("port %d", want), "port-taken", "%w", errors.Unwrap(err))
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
		return nil, fault.Fail("TMPDIR names the folder of temporary files", "%w", err)
	}
	return f, nil
}

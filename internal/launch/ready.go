package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"llmperf/internal/cli"
)

const (
	pollEvery  = 100 * time.Millisecond // of /health and the log
	stillEvery = 10 * time.Second       // between two lines that say that we wait
	lastLines  = 20                     // shown of a server that died
	lastBytes  = 64 << 10               // read of its log for that
	lineMax    = 300                    // bytes shown of one line
)

// ready waits for GET /health to be 200, and hands on what the server writes meanwhile.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Timeout, errTimeout)
	defer cancel()
	// No proxy: the server is on this machine.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	start, quiet := time.Now(), time.Now()
	tail := &follower{path: s.log.Name()}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return s.exit
		case <-ctx.Done():
			if err := context.Cause(ctx); !errors.Is(err, errTimeout) {
				return err
			}
			return cli.Fail("--startup-timeout gives it longer; its whole log is "+s.Log(),
				"%s does not answer at %s/health after %v%s", s.engine.name, s.url, s.cfg.Timeout, s.lastWords())
		case <-tick.C:
		}
		for _, line := range tail.lines() {
			s.cfg.Say("%s: %s", s.engine.name, line)
			quiet = time.Now()
		}
		if healthy(ctx, client, s.url) {
			s.cfg.Say("%s is ready at %s after %.1f s", s.engine.name, s.url, time.Since(start).Seconds())
			return nil
		}
		if time.Since(quiet) >= stillEvery {
			s.cfg.Say("waiting for %s: %.0f s", s.engine.name, time.Since(start).Seconds())
			quiet = time.Now()
		}
	}
}

var errTimeout = errors.New("startup timeout")

func healthy(ctx context.Context, c *http.Client, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/health", nil)
	if err != nil {
		return false
	}
	resp, err := c.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// died is the error of a server that ended by itself.
func (s *Server) died(err error) error {
	how := "exit status 0"
	if err != nil {
		how = err.Error()
	}
	words := s.lastWords()
	hint := "its whole log is " + s.Log()
	for _, c := range s.engine.cures() {
		if strings.Contains(words, c.words) {
			return cli.Fail(c.hint+"; "+hint, "%s has ended: %s%s", s.engine.name, how, words)
		}
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() && ws.Signal() == syscall.SIGKILL {
			hint = "killed from outside, which is what the kernel does when memory runs out (dmesg tells); " + hint
		}
	}
	return cli.Fail(hint, "%s has ended: %s%s", s.engine.name, how, words)
}

// lastWords are the log's last lines, each indented on a line of its own.
func (s *Server) lastWords() string {
	f, err := os.Open(s.log.Name())
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > lastBytes {
		f.Seek(-lastBytes, io.SeekEnd)
	}
	b, _ := io.ReadAll(f)
	var lines []string
	for raw := range bytes.Lines(b) {
		if line := clean(raw); line != "" {
			lines = append(lines, "\n    "+line)
		}
	}
	if len(lines) == 0 {
		return "; it wrote nothing"
	}
	return "; its last lines:" + strings.Join(lines[max(0, len(lines)-lastLines):], "")
}

// follower reads a file that grows.
type follower struct {
	path string
	at   int64
	rest []byte // of a line that has no end yet
}

// lines gives the whole lines that came since the last call.
func (f *follower) lines() []string {
	file, err := os.Open(f.path)
	if err != nil {
		return nil
	}
	defer file.Close()
	b, _ := io.ReadAll(io.NewSectionReader(file, f.at, 1<<20))
	f.at += int64(len(b))
	f.rest = append(f.rest, b...)
	var lines []string
	for {
		line, rest, ok := bytes.Cut(f.rest, []byte("\n"))
		if !ok {
			return lines
		}
		f.rest = rest
		if s := clean(line); s != "" {
			lines = append(lines, s)
		}
	}
}

var escapes = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// clean makes a line fit for a terminal: no colours, of a progress bar the last state only, and not without end.
func clean(b []byte) string {
	line := strings.TrimRight(escapes.ReplaceAllString(string(b), ""), " \t\r\n")
	if i := strings.LastIndexByte(line, '\r'); i >= 0 {
		line = line[i+1:]
	}
	if len(line) > lineMax {
		line = fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(line[:lineMax], ""), len(line))
	}
	return line
}

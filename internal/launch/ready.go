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

	"perfpipe/internal/fault"
)

const (
	pollEvery  = 100 * time.Millisecond // of /health and the log
	stillEvery = 10 * time.Second       // between two lines about the wait
	lastLines  = 20                     // shown of a server that died
	lastBytes  = 64 << 10               // of its log in which the cause is looked for
	lineMax    = 300                    // bytes shown of one line
)

// ready waits until GET /health returns 200, and reports the lines that the server writes meanwhile.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Timeout, errTimeout)
	defer cancel()
	// No proxy: the server is on this machine.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	start, quiet := time.Now(), time.Now()
	tail := &follower{path: s.log.Name()}
	follow := func() {
		for _, line := range tail.lines() {
			s.cfg.Say("%s: %s", s.engine.name, line)
			quiet = time.Now()
		}
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			follow()
			return s.died(s.told)
		case <-ctx.Done():
			if err := context.Cause(ctx); !errors.Is(err, errTimeout) {
				return err
			}
			follow()
			return fault.Because("", "slow-start", s.wholeLog(),
				"%s does not answer at %s/health after %v", s.engine.name, s.url, s.cfg.Timeout)
		case <-tick.C:
		}
		follow()
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

// died returns the error of a server that ended by itself. It has the last lines of the log unless they were reported.
func (s *Server) died(said bool) error {
	how := "exit status 0"
	if s.exit != nil {
		how = s.exit.Error()
	}
	log := s.lastLines()
	c := s.engine.cure(strings.Join(log, "\n"))
	if exit, ok := errors.AsType[*exec.ExitError](s.exit); ok && c == (cure{}) {
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() && ws.Signal() == syscall.SIGKILL {
			c.hint = "killed from outside, which is what the kernel does when memory runs out (see dmesg)"
		}
	}
	detail := s.wholeLog()
	if c.hint != "" {
		detail = c.hint + "; " + detail
	}
	if said {
		log = nil
	}
	return fault.Because("", c.reason, detail, "%s has ended: %s%s", s.engine.name, how, quote(log))
}

func (s *Server) wholeLog() string { return "its whole log is " + s.Log() }

// lastLines returns the lines at the end of the log.
func (s *Server) lastLines() []string {
	f, err := os.Open(s.log.Name())
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > lastBytes {
		f.Seek(-lastBytes, io.SeekEnd)
	}
	b, _ := io.ReadAll(f)
	var lines []string
	for raw := range bytes.Lines(b) {
		if line := clean(raw); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// quote formats the last lines, to stand below a message.
func quote(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	lines = lines[max(0, len(lines)-lastLines):]
	return "; its last lines:\n    " + strings.Join(lines, "\n    ")
}

// follower reads a file that grows.
type follower struct {
	path string
	at   int64
	rest []byte // of a line that has no end yet
}

// lines returns the complete lines since the last call.
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

// clean returns a line for a terminal: without colors, with only the last state of a progress bar, and shortened.
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

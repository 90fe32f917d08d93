package launch

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// defaultGrace is the time between the request to end and the kill. Both together must take less than 10 s.
const defaultGrace = 4 * time.Second

// watchdog is a shell that leads the server's process group and ends the group when this process ends, however it does:
// its standard input is a pipe whose other end only this process has. A parent-death signal alone would miss the
// server's own children. What has left the group is found by the mark in its environment.
const watchdog = `trap '' HUP INT TERM
read -r _
kill -TERM 0
sleep "$2"
for f in $(grep -lsF "$1" /proc/[0-9]*/environ); do
	p=${f#/proc/}
	kill -KILL "${p%/environ}"
done
kill -KILL 0`

// group is the process group of one server.
type group struct {
	dog   *exec.Cmd
	pipe  *os.File
	mark  string // NAME=value, in the environment of every process of the server
	grace time.Duration
}

func newGroup(grace time.Duration) (*group, error) {
	if err := unsupported(); err != nil {
		return nil, err
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	g := &group{pipe: w, mark: "PERFPIPE_SERVER=" + rand.Text(), grace: grace}
	g.dog = exec.Command(sh, "-c", watchdog, "perfpipe-watchdog", g.mark, fmt.Sprint(grace.Seconds()))
	g.dog.Stdin = r
	g.dog.SysProcAttr = leader()
	if err := g.dog.Start(); err != nil {
		w.Close()
		return nil, err
	}
	return g, nil
}

func (g *group) id() int { return g.dog.Process.Pid }

// end asks the group to end, kills what is left after the grace period, and returns when all processes have ended.
func (g *group) end(done <-chan struct{}) {
	g.terminate()
	limit := time.NewTimer(g.grace)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
		limit.Reset(0)
	}
	g.awaitStrays(limit.C)
	for _, pid := range g.strays() {
		kill(pid)
	}
	kill(-g.id())
	g.dog.Wait()
	g.pipe.Close()
}

// awaitStrays waits for the server's children to end by themselves, since they may have shared memory to release.
func (g *group) awaitStrays(limit <-chan time.Time) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(g.strays()) > 0 {
		select {
		case <-limit:
			return
		case <-tick.C:
		}
	}
}

// strays returns the processes with the mark, in whatever group. On systems without /proc it finds none.
func (g *group) strays() []int {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	var pids []int
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil || !bytes.Contains(b, []byte(g.mark)) {
			continue // it has ended, or is another user's
		}
		var pid int
		if n, _ := fmt.Sscanf(f, "/proc/%d/environ", &pid); n == 1 {
			pids = append(pids, pid)
		}
	}
	return pids
}

package launch

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Memory is the peak memory use of a server.
type Memory struct {
	// PeakRSS is the largest sum of the resident memory of all processes in the server's group, in bytes, seen at
	// intervals of half a second. Pages that they share count once for each.
	PeakRSS int64 `json:"server_peak_rss_bytes"`
	GPUs    []GPU `json:"gpus,omitempty"` // none if nvidia-smi is not on PATH
}

// GPU is one device as nvidia-smi reports it. Its memory, in MiB, is that of all processes, not of the server alone.
type GPU struct {
	Index  int    `json:"index"`
	Name   string `json:"name"`
	Before int64  `json:"used_before_mib"` // when the server was started
	Peak   int64  `json:"peak_used_mib"`
	Total  int64  `json:"total_mib"`
}

const sampleEvery = 500 * time.Millisecond

// meter samples a group's memory until it is stopped.
type meter struct {
	group *group
	quit  chan struct{}
	done  sync.WaitGroup
	smi   *exec.Cmd // nil without GPUs

	mu  sync.Mutex
	max Memory
}

func newMeter(g *group) *meter {
	m := &meter{group: g, quit: make(chan struct{})}
	m.done.Go(m.sample)
	m.watchGPUs()
	return m
}

func (m *meter) sample() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		m.measure()
		select {
		case <-tick.C:
		case <-m.quit:
			m.measure()
			return
		}
	}
}

func (m *meter) measure() {
	rss := m.group.rss()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.max.PeakRSS = max(m.max.PeakRSS, rss)
}

// watchGPUs has one nvidia-smi write a line for each GPU and interval: starting it anew for each would cost this
// machine more than the sampling.
func (m *meter) watchGPUs() {
	path, err := exec.LookPath("nvidia-smi")
	if err != nil {
		return
	}
	smi := exec.Command(path, "--query-gpu=index,name,memory.used,memory.total", "--format=csv,noheader,nounits",
		"-lms", strconv.FormatInt(sampleEvery.Milliseconds(), 10))
	smi.SysProcAttr = m.group.member()
	out, err := smi.StdoutPipe()
	if err != nil || smi.Start() != nil {
		return
	}
	m.smi = smi
	go func() {
		m.readGPUs(out)
		smi.Wait()
	}()
}

func (m *meter) readGPUs(r io.Reader) {
	for s := bufio.NewScanner(r); s.Scan(); {
		cr := csv.NewReader(strings.NewReader(s.Text()))
		cr.TrimLeadingSpace = true
		f, err := cr.Read()
		if err != nil || len(f) != 4 {
			continue // a message, not a measurement
		}
		index, err1 := strconv.Atoi(f[0])
		used, err2 := strconv.ParseInt(f[2], 10, 64)
		total, err3 := strconv.ParseInt(f[3], 10, 64)
		if err1 != nil || err2 != nil || err3 != nil {
			continue // "[N/A]": a device without memory of its own
		}
		m.mu.Lock()
		m.add(GPU{index, f[1], used, used, total})
		m.mu.Unlock()
	}
}

func (m *meter) add(g GPU) {
	for i := range m.max.GPUs {
		if old := &m.max.GPUs[i]; old.Index == g.Index {
			old.Peak = max(old.Peak, g.Peak)
			return
		}
	}
	m.max.GPUs = append(m.max.GPUs, g)
}

func (m *meter) peak() Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.max
	p.GPUs = append([]GPU(nil), p.GPUs...)
	return p
}

// stop takes a last sample. It does not wait for nvidia-smi, which a driver in trouble can hold for ever.
func (m *meter) stop() {
	close(m.quit)
	m.done.Wait()
	if m.smi != nil {
		m.smi.Process.Kill()
	}
}

// rss sums the resident memory of the group's processes, in bytes, the watchdog and nvidia-smi left out.
func (g *group) rss() int64 {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	page := int64(os.Getpagesize())
	var sum int64
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		// pid (name) state ppid pgrp …; the name may hold anything, so the fields are counted from its end.
		name, rest, ok := cutLast(b, []byte(") "))
		f := bytes.Fields(rest)
		if !ok || len(f) < 22 || string(f[2]) != strconv.Itoa(g.id()) ||
			bytes.HasPrefix(name, fmt.Appendf(nil, "%d (", g.id())) || bytes.HasSuffix(name, []byte("(nvidia-smi")) {
			continue
		}
		n, err := strconv.ParseInt(string(f[21]), 10, 64)
		if err == nil {
			sum += n * page
		}
	}
	return sum
}

func cutLast(b, sep []byte) (before, after []byte, ok bool) {
	i := bytes.LastIndex(b, sep)
	if i < 0 {
		return nil, nil, false
	}
	return b[:i], b[i+len(sep):], true
}

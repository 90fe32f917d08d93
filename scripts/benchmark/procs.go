package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// twoProcessors compares perf-send with two processors to one. The server does almost nothing, so that it is not the
// limit: a raw responder. With four cores or more it has cores of its own, and the rates are compared as well.
func (b *bench) twoProcessors() error {
	const requests, streams, tokens = 100000, 1000, 128
	one, err := b.requests("one.jsonl", requests, 1)
	if err != nil {
		return err
	}
	many, err := b.requests("streams.jsonl", streams, tokens)
	if err != nil {
		return err
	}
	loads := []struct {
		name string
		args []string
		each float64 // requests or events
	}{
		{"closed loop, 64 connections", []string{one, "--parallel", "64"}, requests},
		{"1,000 streams × 50 tokens/s", []string{many, "--parallel", fmt.Sprint(streams), "--preconnect"}, streams * tokens},
	}
	return b.withResponder(func(url string) error {
		for _, l := range loads {
			var cpu, rate []float64
			for range b.runs {
				var r [2]*result
				for k := range r {
					if r[k], err = b.onProcessors(k+1, url, l.args); err != nil {
						return err
					}
				}
				cpu = append(cpu, r[1].cpu.Seconds()/r[0].cpu.Seconds())
				rate = append(rate, r[0].wall.Seconds()/r[1].wall.Seconds())
			}
			b.row(l.name+", raw responder: CPU time with two processors ÷ with one", "%.2f", cpu)
			if runtime.NumCPU() >= 4 && l.each == requests {
				b.row(l.name+", raw responder: requests/s with two processors ÷ with one", "%.2f", rate)
			}
		}
		return nil
	})
}

// onProcessors runs perf-send with n processors.
func (b *bench) onProcessors(n int, url string, args []string) (*result, error) {
	command := append([]string{"env", "GOMAXPROCS=" + strconv.Itoa(n), b.bin + "/perf-send", "--url", url,
		"--no-progress", "--no-test-connection", "-o", os.DevNull}, args...)
	if runtime.NumCPU() >= 4 && installed("taskset") {
		command = append([]string{"taskset", "-c", "0-" + strconv.Itoa(n-1)}, command...)
	}
	return run(command...)
}

// withResponder runs f against a raw responder in a process of its own.
func (b *bench) withResponder(f func(url string) error) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{self, "-respond"}
	if last := runtime.NumCPU() - 1; last >= 3 && installed("taskset") {
		args = append([]string{"taskset", "-c", fmt.Sprintf("2-%d", last)}, args...)
	}
	return serving(args, f)
}

const (
	event = `data: {"id":"c","object":"chat.completion.chunk","model":"sim","choices":[{"index":0,"delta":` +
		`{"content":" hello"},"finish_reason":null}]}` + "\n\n"
	lastEvents = `data: {"id":"c","object":"chat.completion.chunk","model":"sim","choices":[],"usage":` +
		`{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}` + "\n\ndata: [DONE]\n\n"
)

// respond serves on a free port, which it prints, until it is killed.
func respond() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go respondTo(c)
	}
}

// respondTo writes ready bytes for each request: an event, or one every 20 ms for max_tokens of 128.
func respondTo(c net.Conn) {
	defer c.Close()
	chunk := func(data string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(data), data) }
	head := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
	one, last := []byte(chunk(event)), []byte(chunk(lastEvents)+"0\r\n\r\n")
	whole := slices.Concat([]byte(head), one, last)
	r := bufio.NewReader(c)
	for {
		many, err := readRequest(r)
		if err != nil {
			return
		}
		if !many {
			c.Write(whole)
			continue
		}
		io.WriteString(c, head)
		for range 128 {
			time.Sleep(20 * time.Millisecond)
			c.Write(one)
		}
		c.Write(last)
	}
}

// readRequest reads a request and reports whether it asks for 128 tokens.
func readRequest(r *bufio.Reader) (many bool, err error) {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return false, err
		}
		if len(line) <= 2 {
			break
		}
		if v, ok := bytes.CutPrefix(bytes.ToLower(line), []byte("content-length:")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return false, err
			}
		}
	}
	body, err := r.Peek(length)
	many = bytes.Contains(body, []byte(`"max_tokens":128`))
	r.Discard(len(body))
	return many, err
}

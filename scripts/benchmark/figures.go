package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/record"
)

const quick = "ttft=0s,per-token=0s,itl=0s,jitter=0,slots=100000"

// closedLoop measures the CPU time per request, beside other load generators: 64 connections, answers of one token.
func (b *bench) closedLoop() error {
	const n, concurrent = 100000, 64
	reqs, err := b.requests("one.jsonl", n, 1)
	if err != nil {
		return err
	}
	peers := b.peers()
	rates, cpus := newColumns(peers), newColumns(peers)
	for range b.runs {
		err := b.withServer(quick, func(url string) error {
			r, err := b.send(url, reqs, "--parallel", fmt.Sprint(concurrent))
			if err != nil {
				return err
			}
			rates.add("", n/r.wall.Seconds())
			cpus.add("", us(r.cpu)/n)
			for _, p := range peers {
				r, err := p.run(url, reqs, n, concurrent)
				if err != nil {
					return err
				}
				rates.add(p.name, n/r.wall.Seconds())
				cpus.add(p.name, us(r.cpu)/n)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	rates.rows(b, "closed loop, 64 connections: requests/s", "%.0f")
	cpus.rows(b, "closed loop, 64 connections: CPU µs a request", "%.1f")
	return nil
}

// streams measures 1,000 concurrent streams of 128 tokens at 20 ms, all started at once.
func (b *bench) streams() error {
	const n, tokens = 1000, 128
	reqs, err := b.requests("streams.jsonl", n, tokens)
	if err != nil {
		return err
	}
	peers := b.peers()
	cpus := newColumns(peers)
	var ttft, off, rss []float64
	for range b.runs {
		var recs string
		err := b.withServer("ttft=200ms,per-token=0s,itl=20ms,jitter=0,slots=100000", func(url string) error {
			r, err := b.send(url, reqs, "--parallel", fmt.Sprint(n), "--preconnect")
			if err != nil {
				return err
			}
			recs = r.records
			cpus.add("", us(r.cpu)/n/tokens)
			rss = append(rss, float64(r.rss)/1e6)
			for _, p := range peers {
				r, err := p.run(url, reqs, n, n)
				if err != nil {
					return err
				}
				cpus.add(p.name, us(r.cpu)/n/tokens)
			}
			return nil
		})
		if err != nil {
			return err
		}
		e, err := b.errors(recs)
		if err != nil {
			return err
		}
		ttft = append(ttft, e.ttft)
		off = append(off, e.event99)
	}
	cpus.rows(b, "1,000 streams × 50 tokens/s: CPU ms per 1,000 events", "%.2f")
	b.row("1,000 streams: mean TTFT − the server's (ms)", "%.2f", ttft)
	b.row("1,000 streams: event times off, p99 (ms)", "%.3f", off)
	b.row("1,000 streams: memory (MB)", "%.0f", rss)
	return nil
}

// openLoop measures the lag, and the requests sent in a window against those due in it.
func (b *bench) openLoop() error {
	for _, c := range []struct {
		rate int
		via  string // command that starts perf-send
	}{{500, ""}, {2000, ""}, {10000, ""}, {10000, "chrt -f 1"}} {
		via := strings.Fields(c.via)
		if len(via) > 0 && exec.Command(via[0], append(via[1:], "true")...).Run() != nil {
			continue // missing, or not permitted
		}
		n, name := c.rate*5, fmt.Sprintf("open loop, %d/s", c.rate)
		if len(via) > 0 {
			name += ", " + c.via
		}
		reqs, err := b.requests("one.jsonl", 100000, 1)
		if err != nil {
			return err
		}
		var lag, short, latency []float64
		for range b.runs {
			var recs string
			err := b.withServer(quick, func(url string) error {
				r, err := b.sendVia(via, url, reqs,
					"--rate", fmt.Sprint(c.rate), "--number", fmt.Sprint(n), "--preconnect", "--seed", "1")
				if err != nil {
					return err
				}
				recs = r.records
				return nil
			})
			if err != nil {
				return err
			}
			l, s, err := lateness(recs)
			if err != nil {
				return err
			}
			e, err := b.errors(recs)
			if err != nil {
				return err
			}
			lag, short, latency = append(lag, l), append(short, s), append(latency, e.latency99)
		}
		b.row(name+": lag p99 (ms)", "%.3f", lag)
		b.row(name+": latency off, p99 (ms)", "%.3f", latency)
		b.row(name+": sent in the window ÷ due in it − 1 (%)", "%.3f", short)
	}
	return nil
}

// lateness returns the lag's p99, and the share of the due requests, in per cent, not sent by the last due time.
func lateness(path string) (lag99, short float64, err error) {
	var lags []float64
	var end int64
	var sent []int64
	err = read(path, func(r *record.Record) {
		lags = append(lags, r.LagMs)
		end = max(end, r.ScheduledUs)
		sent = append(sent, r.SentUs)
	})
	in := 0
	for _, s := range sent {
		if s <= end {
			in++
		}
	}
	// The last request is due at the end of the window, and so sent after it.
	return percentile(lags, 99), 100 * (float64(in+1)/float64(len(sent)) - 1), err
}

// pipeline times 100 requests of one token, ten at a time, from perf-gen to perf-stats.
func (b *bench) pipeline() error {
	var wall []float64
	for range b.runs {
		err := b.withServer(quick, func(url string) error {
			line := fmt.Sprintf("%s/perf-gen --dataset random --number 100 --max-tokens 1 --model sim 2>/dev/null |"+
				" %s/perf-send --url %s --parallel 10 --no-progress 2>/dev/null | %s/perf-stats >/dev/null",
				b.bin, b.bin, url, b.bin)
			begin := time.Now()
			_, err := run("sh", "-c", line)
			wall = append(wall, time.Since(begin).Seconds())
			return err
		})
		if err != nil {
			return err
		}
	}
	b.row("pipeline, 100 requests of one token, 10 at a time: seconds", "%.3f", wall)
	return nil
}

// memory shows that memory does not grow with the number of requests.
func (b *bench) memory() error {
	reqs, err := b.requests("one.jsonl", 100000, 1)
	if err != nil {
		return err
	}
	for _, n := range []int{1000, 200000} {
		err := b.withServer(quick, func(url string) error {
			r, err := b.send(url, reqs, "--parallel", "64", "--number", fmt.Sprint(n), "--cycle")
			if err == nil {
				b.row(fmt.Sprintf("memory for %d requests (MB)", n), "%.1f", []float64{float64(r.rss) / 1e6})
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// manyStreams measures 10,000 concurrent streams of one event per second, for a minute.
func (b *bench) manyStreams() error {
	const n, tokens = 10000, 60
	reqs, err := b.requests("many.jsonl", n, tokens)
	if err != nil {
		return err
	}
	var r *result
	err = b.withServer("ttft=1s,per-token=0s,itl=1s,jitter=0.5,slots=100000", func(url string) error {
		r, err = b.send(url, reqs, "--parallel", fmt.Sprint(n), "--preconnect")
		return err
	})
	if err != nil {
		return err
	}
	e, err := b.errors(r.records)
	if err != nil {
		return err
	}
	b.row("10,000 streams: failed", "%.0f", []float64{float64(e.failed)})
	b.row("10,000 streams: event times off, p99 (ms)", "%.3f", []float64{e.event99})
	b.row("10,000 streams: memory (MB)", "%.0f", []float64{float64(r.rss) / 1e6})
	return nil
}

// million checks that of a million requests no record is missing or duplicate.
func (b *bench) million() error {
	reqs, err := b.requests("one.jsonl", 100000, 1)
	if err != nil {
		return err
	}
	const n = 1000000
	return b.withServer(quick, func(url string) error {
		r, err := b.send(url, reqs, "--parallel", "64", "--number", fmt.Sprint(n), "--cycle")
		if err != nil {
			return err
		}
		seen := make([]bool, n)
		bad := 0
		err = read(r.records, func(rec *record.Record) {
			if rec.Seq < 0 || rec.Seq >= n || seen[rec.Seq] || !rec.OK {
				bad++
				return
			}
			seen[rec.Seq] = true
		})
		for _, s := range seen {
			if !s {
				bad++
			}
		}
		b.row("1,000,000 requests: records missing, twice or failed", "%.0f", []float64{float64(bad)})
		b.row("1,000,000 requests: memory (MB)", "%.1f", []float64{float64(r.rss) / 1e6})
		return err
	})
}

func (b *bench) send(url, reqs string, args ...string) (*result, error) {
	return b.sendVia(nil, url, reqs, args...)
}

// sendVia runs perf-send through another command.
func (b *bench) sendVia(via []string, url, reqs string, args ...string) (*result, error) {
	out := b.path("records.jsonl")
	args = append([]string{
		filepath.Join(b.bin, "perf-send"), "--url", url, "--no-progress", "--no-test-connection", "--force", "-o", out, reqs,
	}, args...)
	r, err := b.client(slices.Concat(via, args)...)
	if r != nil {
		r.records = out
	}
	return r, err
}

// read returns the records of a file.
func read(path string, f func(*record.Record)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for r, err := range jsonl.Read[record.Record](file, path) {
		if err != nil {
			return err
		}
		f(&r)
	}
	return nil
}

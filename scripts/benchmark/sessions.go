package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/goccy/go-json"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
	"perfpipe/internal/sim"
)

// sessions measures, by the server's truth, how late each request of 1,000 graphs arrives: after the end of the last
// request that it waits for, and its delay.
func (b *bench) sessions() error {
	reqs, err := b.graphs("sessions.jsonl", 1000, 30, 100)
	if err != nil {
		return err
	}
	var late, lags, typical, most []float64
	for range b.runs {
		var recs string
		err := b.withServer("ttft=5ms,itl=1ms,per-token=20us,jitter=0,slots=5000,cache=50000000", func(url string) error {
			r, err := b.send(url, reqs, "--parallel", "100")
			if err == nil {
				recs = r.records
			}
			return err
		})
		if err != nil {
			return err
		}
		arrivals, spans, err := b.graphTimes(reqs, recs)
		if err != nil {
			return err
		}
		lag, _, err := lateness(recs)
		if err != nil {
			return err
		}
		late, lags = append(late, percentile(arrivals, 99)), append(lags, lag)
		typical, most = append(typical, median(spans)), append(most, percentile(spans, 99))
	}
	const name = "1,000 sessions × 30 requests with forks: "
	b.row(name+"lag p99 (ms)", "%.3f", lags)
	b.row(name+"arrival after it was due, p99 (ms)", "%.3f", late)
	b.row(name+"makespan off, median (ms)", "%.3f", typical)
	b.row(name+"makespan off, p99 (ms)", "%.3f", most)
	return nil
}

// manySessions measures 10,000 live sessions that send about 2,000 requests/s.
func (b *bench) manySessions() error {
	const live, calls = 10000, 12
	reqs, err := b.graphs("live.jsonl", live, calls, 12500)
	if err != nil {
		return err
	}
	return b.withServer("ttft=5ms,itl=1ms,per-token=0s,jitter=0,slots=100000", func(url string) error {
		r, err := b.send(url, reqs, "--parallel", fmt.Sprint(live))
		if err != nil {
			return err
		}
		lag, _, err := lateness(r.records)
		b.row("10,000 live sessions: lag p99 (ms)", "%.2f", []float64{lag})
		b.row("10,000 live sessions: requests/s", "%.0f", []float64{live * calls / r.wall.Seconds()})
		b.row("10,000 live sessions: memory (MB)", "%.0f", []float64{float64(r.rss) / 1e6})
		return err
	})
}

// graphs writes sessions of requests of four tokens. 70 % of the requests wait for the one before, the others for one
// to three of the earlier ones, and 80 % of them for up to maxDelay ms more.
func (b *bench) graphs(name string, sessions, calls int, maxDelay float64) (string, error) {
	path := b.path(name)
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	out := jsonl.NewWriter(file)
	rng := rand.New(rand.NewPCG(1, 1))
	for s := range sessions {
		for i := range calls {
			r := request.Request{ID: fmt.Sprintf("s%dr%d", s, i), Session: fmt.Sprintf("s%d", s)}
			r.Body = json.RawMessage(fmt.Sprintf(`{"model":"sim","stream":true,"max_tokens":4,"messages":[{"role":"user",`+
				`"content":"call %d of session %d, in which the words of all earlier calls on its path come first"}]}`, i, s))
			if i > 0 {
				r.After = parents(rng, r.Session, i)
				r.History = r.After[0]
				if rng.Float64() < 0.8 {
					r.DelayMs = rng.Float64() * maxDelay
				}
			}
			if err := out.Write(&r); err != nil {
				return "", err
			}
		}
	}
	return path, file.Close()
}

// parents chooses the requests that request i of a session waits for.
func parents(rng *rand.Rand, session string, i int) []string {
	list := []int{i - 1}
	switch p := rng.Float64(); {
	case p > 0.9:
		list = []int{rng.IntN(i), rng.IntN(i), rng.IntN(i)}
	case p > 0.7:
		list = []int{rng.IntN(i)}
	}
	slices.Sort(list)
	var ids []string
	for _, k := range slices.Compact(list) {
		ids = append(ids, fmt.Sprintf("%sr%d", session, k))
	}
	return ids
}

// span is the time from the start of the first request of a session to the end of its last one, in µs.
type span struct{ from, to int64 }

func (s *span) add(from, to int64) {
	if s.from == 0 || from < s.from {
		s.from = from
	}
	s.to = max(s.to, to)
}

// graphTimes returns by how much each request arrived after it was due, and the difference of each session's makespan
// in the records from that of the server, both in ms.
func (b *bench) graphTimes(reqs, records string) (late, off []float64, err error) {
	truths, err := sim.ReadTruth(b.truth)
	if err != nil {
		return nil, nil, err
	}
	byLine := map[string]sim.Truth{} // by the id of the line
	recorded, served := map[string]*span{}, map[string]*span{}
	err = read(records, func(r *record.Record) {
		t := truths[cmp.Or(r.RequestID, r.ID)]
		byLine[r.ID] = t
		if recorded[r.Session] == nil {
			recorded[r.Session], served[r.Session] = &span{}, &span{}
		}
		recorded[r.Session].add(r.SentUs, r.SentUs+int64(r.LatencyMs*1000))
		served[r.Session].add(arrivedUs(&t), t.EndUs)
	})
	if err != nil {
		return nil, nil, err
	}
	for s, m := range recorded {
		d := m.to - m.from - (served[s].to - served[s].from)
		off = append(off, float64(max(d, -d))/1000)
	}
	file, err := os.Open(reqs)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	for r, err := range jsonl.Read[request.Request](file, reqs) {
		if err != nil {
			return nil, nil, err
		}
		if len(r.After) == 0 {
			continue
		}
		var last int64
		for _, id := range r.After {
			last = max(last, byLine[id].EndUs)
		}
		t := byLine[r.ID]
		late = append(late, float64(arrivedUs(&t)-last)/1000-r.DelayMs)
	}
	return late, off, nil
}

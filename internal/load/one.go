package load

import (
	"strconv"
	"time"
)

// do sends a request, or the turns of a conversation, and returns the slot that is free again.
func (ph *phase) do(j job) (s slot) {
	ph.e.Counts.InFlight.Add(1)
	if j.req.Turns != nil {
		s = ph.converse(j)
		j.req.Release()
	} else {
		s = ph.one(j)
	}
	ph.e.Counts.Done.Add(1)
	return s
}

// one sends a request and hands on its record.
func (ph *phase) one(j job) slot {
	if j.req.ID == "" {
		j.req.ID = ph.e.id(j.line)
	}
	rec := ph.e.Doer.Do(ph.hard, j.req)
	ph.e.Counts.InFlight.Add(-1) // before its record is written, which may take long
	return ph.finish(rec, j)
}

// id names a request that has no name of its own.
func (e *Engine) id(line int64) string {
	return string(strconv.AppendInt(append(append(make([]byte, 0, 32), e.RunID...), '-'), line, 10))
}

// finish completes a record with what only the engine knows, hands it on, and returns the slot that is free again:
// since the answer's end, so that what perf-send itself needs from there to the next request is that one's lag.
func (ph *phase) finish(rec *Record, j job) slot {
	rec.Seq, rec.Shard, rec.RunID = j.seq, ph.e.Shard.String(), ph.e.RunID
	rec.Run, rec.Mode, rec.Rate, rec.Parallel = ph.p.Run, ph.p.Mode, ph.p.Rate, ph.p.Parallel
	rec.Number, rec.Phase = ph.p.Asked, ph.name
	rec.ScheduledUs = ph.e.Ns(j.due) / 1000
	wait := j.queued.Microseconds()
	rec.QueueMs = float64(wait) / 1000
	lag := max(0, rec.SentUs-rec.ScheduledUs-wait)
	rec.LagMs = float64(lag) / 1000
	if lag >= held {
		ph.blame(rec, lag, j)
	}
	ph.e.Counts.Requests.Add(1)
	if !rec.OK {
		ph.e.Counts.Failed.Add(1)
	}
	end, done := rec.EndNs, rec.DoneNs
	if done == 0 {
		done = ph.e.Ns(time.Now())
		end = done
	}
	if err := ph.e.Emit(rec); err != nil {
		ph.halt(err)
		cut := ph.e.cut
		time.AfterFunc(ph.e.Grace, func() { cut(err) }) // nobody takes their records
	}
	now := time.Now()
	ns := ph.e.Ns(now)
	return slot{free: now.Add(time.Duration(end - ns)), output: time.Duration(ns - done), waited: ph.e.waited()}
}

// held is the shortest wait that a record names, µs.
const held = 1000

// blame says what of a record's lag was the wait for the output and for the input.
func (ph *phase) blame(rec *Record, lag int64, j job) {
	output := min(lag, j.output.Microseconds())
	input := min(lag-output, (ph.e.waited() - j.waited).Microseconds())
	if output >= held {
		rec.OutputWaitMs = float64(output) / 1000
	}
	if input >= held {
		rec.InputWaitMs = float64(input) / 1000
	}
}

func (e *Engine) waited() time.Duration {
	if e.Waited == nil {
		return 0
	}
	return e.Waited()
}

package load

import (
	"math"
	"strconv"
	"time"
)

// id returns the id of a request that has none.
func (e *Engine) id(line int64) string {
	return string(strconv.AppendInt(append(append(make([]byte, 0, 32), e.RunID...), '-'), line, 10))
}

// finish completes a record with what only the engine knows, emits it and returns the free slot. The slot counts as
// free since the end of the answer: the time that this process needs from there to the next request is lag.
func (ph *phase) finish(rec *Record, j job) slot {
	rec.Seq, rec.Shard, rec.RunID, rec.Continues = j.seq, ph.e.Shard.String(), ph.e.RunID, ph.e.Sent.RunID
	rec.Run, rec.Mode, rec.Rate, rec.Parallel = ph.p.Run, ph.p.Mode, ph.p.Rate, ph.p.Parallel
	rec.Number, rec.Sweep, rec.Phase = ph.p.Asked, ph.p.Sweep, ph.name
	rec.Nth = j.nth
	rec.ScheduledUs = ph.e.Ns(j.due) / 1000
	queuedUs := j.queued.Microseconds()
	rec.QueueMs = float64(queuedUs) / 1000
	lagUs := max(0, rec.SentUs-rec.ScheduledUs-queuedUs)
	rec.LagMs = float64(lagUs) / 1000
	if lagUs >= leastWaitUs {
		ph.blame(rec, lagUs, j)
	}
	ph.e.Counts.Requests.Add(1)
	if !rec.OK {
		ph.e.Counts.Failed.Add(1)
	}
	endNs, doneNs := ph.endOf(rec)
	if ph.e.Pauses != nil && max(rec.LagMs, rec.QueueMs, rec.StallMs) >= leastWaitUs/1000 {
		ph.pauses(rec, endNs, doneNs)
	}
	if err := ph.e.Emit(rec); err != nil {
		ph.halt(err)
		cut := ph.e.cut
		time.AfterFunc(ph.e.Grace, func() { cut(err) }) // their records cannot be emitted
	}
	now := time.Now()
	nowNs := ph.e.Ns(now)
	return slot{
		free: now.Add(time.Duration(endNs - nowNs)), output: time.Duration(nowNs - doneNs), waited: ph.e.waited(),
	}
}

// endOf returns when the last byte of an answer was received and when it had been read, ns since the epoch.
func (ph *phase) endOf(rec *Record) (endNs, doneNs int64) {
	if rec.DoneNs != 0 {
		return rec.EndNs, rec.DoneNs
	}
	now := ph.e.Ns(time.Now())
	return now, now
}

// pauses records the pauses of this process that a request met from its due time to its end. One that began after the
// end has only delayed the reading, so it is no stall.
func (ph *phase) pauses(rec *Record, endNs, doneNs int64) {
	us := ph.e.Pauses(rec.ScheduledUs*1000, doneNs)
	for i := 0; i+1 < len(us); i += 2 {
		if from, to := us[i], us[i+1]; from*1000 >= endNs {
			rec.StallMs = max(0, math.Round(rec.StallMs*1000-float64(to-from))/1000)
		} else {
			rec.PauseUs = append(rec.PauseUs, from, to)
		}
	}
	if rec.StallMs < leastWaitUs/1000 {
		rec.StallMs = 0
	}
}

// leastWaitUs is the shortest wait that a record shows, and the least effect of a pause.
const leastWaitUs = 1000

// blame attributes a record's lag to the waits for a connection, for the output and for the input.
func (ph *phase) blame(rec *Record, lagUs int64, j job) {
	connsUs := min(lagUs, j.conns.Microseconds())
	if connsUs >= leastWaitUs {
		rec.ConnectionWaitMs = float64(connsUs) / 1000
	}
	lagUs -= connsUs
	outputUs := min(lagUs, j.output.Microseconds())
	input := j.input
	if ph.p.Mode == Closed {
		input = ph.e.waited() - j.waited
	}
	inputUs := min(lagUs-outputUs, input.Microseconds())
	if outputUs >= leastWaitUs {
		rec.OutputWaitMs = float64(outputUs) / 1000
	}
	if inputUs >= leastWaitUs {
		rec.InputWaitMs = float64(inputUs) / 1000
	}
}

// waited returns how long the source has kept the load waiting so far.
func (e *Engine) waited() time.Duration {
	if e.Waited == nil {
		return 0
	}
	return e.Waited()
}

package main

import (
	"fmt"
	"sync/atomic"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
)

// full finds out whether the requests of an open loop went out late since all connections that there may be were in use.
type full struct {
	limit     atomic.Int64 // of the load point; 0: it is none of an open loop
	late, all atomic.Int64 // late requests, and those among them that ended with all connections in use
}

// lateMs is how late a request must be to count, in ms.
const lateMs = 5

func (f *full) begin(p load.Point) {
	f.limit.Store(0)
	if p.Mode == load.Open {
		f.limit.Store(int64(p.Limit))
	}
}

// add takes a record, whose request may still count as in flight or no more.
func (f *full) add(rec *record.Record, counts *load.Counts) {
	limit := f.limit.Load()
	if limit == 0 || rec.LagMs < lateMs {
		return
	}
	f.late.Add(1)
	if counts.InFlight.Load() >= limit-1 {
		f.all.Add(1)
	}
}

// hint says which limit it was; it is empty if there was none for most of the late requests.
func (f *full) hint(maxConns int) string {
	if n := f.late.Load(); n == 0 || 2*f.all.Load() <= n {
		return ""
	}
	if maxConns > 0 {
		return fmt.Sprintf("all of --max-conns %d connections were in use: raise it, or lower the load", maxConns)
	}
	return fmt.Sprintf("all %d connections that the open files allow were in use: ulimit -n raises it, or lower the load", f.limit.Load())
}

package stats

import (
	"fmt"

	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// transported counts effects of the connections on requests, as opposed to effects of the server.
type transported struct {
	Requests  int64 // all requests
	Twice     int64 // requests sent more than once
	TwiceLate int64 // requests that the first attempt delayed by heldMs or more
	TwiceWait int64 // the longest such delay, µs
	Waits     int64 // requests that waited for an HTTP/2 stream
	LongWait  int64 // the longest such wait, µs
	Untidy    int64 // complete answers whose body or connection ended improperly
}

func (t *transported) add(r *record.Record) {
	t.Requests++
	if r.Attempts > 1 {
		t.Twice++
		if r.ResentMs >= heldMs {
			t.TwiceLate++
		}
		t.TwiceWait = max(t.TwiceWait, metric.Micro(r.ResentMs))
	}
	if r.StreamWaitMs > 0 {
		t.Waits++
		t.LongWait = max(t.LongWait, metric.Micro(r.StreamWaitMs))
	}
	if r.UntidyEnd != "" {
		t.Untidy++
	}
}

func (t *transported) merge(o *transported) {
	t.Requests += o.Requests
	t.Twice += o.Twice
	t.TwiceLate += o.TwiceLate
	t.TwiceWait = max(t.TwiceWait, o.TwiceWait)
	t.Waits += o.Waits
	t.LongWait = max(t.LongWait, o.LongWait)
	t.Untidy += o.Untidy
}

// twice describes the requests that were sent more than once. It returns "" if there are none.
func (t *transported) twice() string {
	if t.Twice == 0 {
		return ""
	}
	return fmt.Sprintf("sent twice: %d of %d requests; up to %.4g ms of their times is the first attempt's",
		t.Twice, t.Requests, float64(t.TwiceWait)/metric.Microseconds)
}

func (t *transported) notes() (notes []string) {
	if s := t.twice(); s != "" {
		notes = append(notes, s)
	}
	if t.Waits > 0 {
		notes = append(notes, fmt.Sprintf(
			"%d of %d requests waited for an HTTP/2 stream, up to %.4g ms, which is in TTFT and latency",
			t.Waits, t.Requests, float64(t.LongWait)/metric.Microseconds))
	}
	if t.Untidy > 0 {
		notes = append(notes, fmt.Sprintf(
			"%d of %d answers were complete, but their body or connection did not end as HTTP has it (untidy_end)",
			t.Untidy, t.Requests))
	}
	return notes
}

package load

import (
	"slices"
	"testing"
	"time"

	"perfpipe/internal/record"
)

// A request has the pauses between its due time and its end. One after the end has only delayed the reading.
func TestPauses(t *testing.T) {
	const second = 1_000_000 // µs
	all := []int64{10 * second, 12 * second, 20 * second, 21 * second}
	for name, c := range map[string]struct {
		due, sent, end, done float64 // s
		stallMs              float64
		want                 []int64
		wantStall            float64
	}{
		"in flight":      {9, 9, 13, 13, 2000, all[:2], 2000},
		"due in it":      {11, 12, 13, 13, 0, all[:2], 0},
		"due at its end": {11.95, 12, 13, 13, 0, all[:2], 0},
		"queued":         {11, 13, 14, 14, 0, all[:2], 0},
		"read after it":  {8, 8, 9, 13, 2001, nil, 1},
		"read and in it": {11, 11, 13, 22, 3000, all[:2], 2000},
		"both":           {9, 9, 22, 22, 3000, all, 3000},
		"busy":           {1, 1, 2, 2, 300, nil, 300},
	} {
		t.Run(name, func(t *testing.T) {
			e := &Engine{
				Ns: time.Time.UnixNano, Emit: func(*Record) error { return nil },
				Pauses: func(from, to int64) (us []int64) {
					for i := 0; i < len(all); i += 2 {
						if all[i]*1000 < to && all[i+1]*1000 > from {
							us = append(us, all[i], all[i+1])
						}
					}
					return us
				},
			}
			ph := &phase{e: e, p: Point{Mode: Open}, name: record.PhaseMeasure}
			rec := &Record{EndNs: int64(c.end * 1e9), DoneNs: int64(c.done * 1e9)}
			rec.OK, rec.SentUs, rec.StallMs = true, int64(c.sent*second), c.stallMs
			ph.finish(rec, job{due: time.UnixMicro(int64(c.due * second))})
			if !slices.Equal(rec.PauseUs, c.want) || rec.StallMs != c.wantStall {
				t.Errorf("pauses %v, stall %v ms; want %v, %v ms", rec.PauseUs, rec.StallMs, c.want, c.wantStall)
			}
		})
	}
}

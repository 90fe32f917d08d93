package load

import (
	"context"
	"errors"
	"io"
	"time"
)

// unfed is the end of a duration in which there was no request.
type unfed struct {
	at  time.Duration // how long
	dry bool          // the source had ended
}

// unfed records the rest of the duration if the source has no request although one is due: it has ended, or its next
// one did not come in the time waited. When the next request of a trace is due is not known.
func (ph *phase) unfed(err error, waited time.Duration) {
	dry := errors.Is(err, io.EOF)
	d := ph.p.Duration
	if d == 0 || ph.p.Trace || !dry && !errors.Is(context.Cause(ph.stop), errDuration) {
		return
	}
	from := d - waited
	switch {
	case ph.offset != nil:
		off, ok := ph.offset()
		if !ok {
			return
		}
		from = off
	case ph.p.Mode != Closed: // all requests were due at once
		return
	case dry:
		from = time.Since(ph.start)
	}
	if from < d {
		ph.e.unfed = unfed{d - from, dry}
	}
}

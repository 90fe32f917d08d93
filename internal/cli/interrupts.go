package cli

import (
	"context"

	"perfpipe/internal/fault"
)

// Interrupts returns two contexts for a graceful stop: the first signal cancels ctx, which tells a command to start no
// more work, and the second cancels abort, which tells it to abandon the work in progress. Both are canceled with cause
// fault.ErrInterrupted. Stop releases them.
func (e *Env) Interrupts() (ctx, abort context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	abort, cancelAbort := context.WithCancelCause(context.Background())
	go func() {
		for _, end := range []context.CancelCauseFunc{cancel, cancelAbort} {
			select {
			case <-e.Signals:
				end(fault.ErrInterrupted)
			case <-abort.Done():
				return
			}
		}
	}()
	return ctx, abort, func() { cancel(nil); cancelAbort(nil) }
}

package cli

import (
	"context"

	"perfpipe/internal/fault"
)

// Interrupts returns a context that the first signal ends and one that the second ends, for a command that first stops
// to begin work and then gives it up. Both end with cause fault.ErrInterrupted. Stop releases them.
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

package cli

import (
	"context"
	"sync/atomic"
	"time"

	"perfpipe/internal/fault"
)

// Grace is a context that ends some time after a signal, so that the input of a pipe can end first.
type Grace struct {
	Context context.Context
	Stop    func() // releases the signals
	signal  atomic.Bool
}

// Grace returns a context that ends with cause fault.ErrInterrupted at the second signal, or after that
// duration since the first.
func (e *Env) Grace(after time.Duration) *Grace {
	ctx, cancel := context.WithCancelCause(context.Background())
	g := &Grace{Context: ctx, Stop: func() { cancel(nil) }}
	go func() {
		select {
		case <-e.Signals:
			g.signal.Store(true)
		case <-ctx.Done():
			return
		}
		select {
		case <-e.Signals:
		case <-time.After(after):
		case <-ctx.Done():
		}
		cancel(fault.ErrInterrupted)
	}()
	return g
}

// Err returns fault.ErrInterrupted if a signal came, even if the input ended before the context.
func (g *Grace) Err() error {
	if g.signal.Load() {
		return fault.ErrInterrupted
	}
	return nil
}

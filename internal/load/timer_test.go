package load

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A timer does not wake early. It returns when its context ends, and can then be used with another one.
func TestTimer(t *testing.T) {
	timer := newTimer()
	defer timer.close()
	over := errors.New("over")
	for range 20 {
		until := time.Now().Add(300 * time.Microsecond)
		if err := timer.sleep(t.Context(), until); err != nil || time.Now().Before(until) {
			t.Fatalf("woke %v early (%v)", time.Until(until), err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		go cancel(over)
		if err := timer.sleep(ctx, time.Now().Add(time.Hour)); err != over {
			t.Fatalf("got %v, want the cause", err)
		}
		if err := timer.sleep(ctx, time.Time{}); err != over {
			t.Fatalf("got %v of an ended context", err)
		}
	}
}

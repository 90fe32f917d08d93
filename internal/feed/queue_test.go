package feed

import (
	"context"
	"testing"
	"testing/synctest"

	"perfpipe/internal/load"
	"perfpipe/internal/request"
)

// The reader stops when the queue is full, in lines or in bytes, and continues once a batch fits.
func TestQueueIsBounded(t *testing.T) {
	small, large := make([]byte, 10), make([]byte, 1000)
	for _, c := range []struct {
		name        string
		body        []byte
		full, again int // requests in it, and taken before it fills again
	}{
		{"lines", small, 64, 16},
		{"bytes", large, 41, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(64, 50_000)
			put := 0
			go func() {
				defer q.close()
				for range 200 {
					q.put(t.Context(), load.NewRequest(request.Request{Body: c.body}))
					put++
				}
			}()
			for taken := range 200 {
				synctest.Wait()
				if want := min(c.full+taken/c.again*c.again, 200); put != want {
					t.Errorf("%s: %d taken, %d put, want %d", c.name, taken, put, want)
				}
				if q.take(t.Context()) == nil {
					t.Fatalf("%s: the end after %d", c.name, taken)
				}
			}
			if q.take(t.Context()) != nil {
				t.Errorf("%s: more than were put", c.name)
			}
		})
	}
}

func TestQueueTakesOneLargeRequest(t *testing.T) {
	q := newQueue(8, 100)
	if !q.put(t.Context(), load.NewRequest(request.Request{Body: make([]byte, 1000)})) || q.take(t.Context()) == nil {
		t.Error("refused")
	}
}

func TestQueueEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		q := newQueue(1, 100)
		go func() {
			synctest.Wait()
			cancel()
		}()
		if q.take(ctx) != nil {
			t.Error("took from an empty queue")
		}
		if !q.put(ctx, load.NewRequest(request.Request{})) || q.put(ctx, load.NewRequest(request.Request{})) {
			t.Error("put into a full queue")
		}
	})
}

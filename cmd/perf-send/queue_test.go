package main

import (
	"context"
	"testing"
	"testing/synctest"

	"llmperf/internal/request"
)

// The reader stops when the queue is full, in lines or in bytes, and goes on when half of it is free.
func TestQueueIsBounded(t *testing.T) {
	small, large := make([]byte, 10), make([]byte, 1000)
	for _, c := range []struct {
		name       string
		body       []byte
		full, half int // requests in it
	}{
		{"lines", small, 8, 4},
		{"bytes", large, 4, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(8, 5000)
			put := 0
			go func() {
				defer q.end()
				for range 20 {
					q.put(t.Context(), &request.Request{Body: c.body})
					put++
				}
			}()
			for taken := range 20 {
				synctest.Wait()
				again := c.full - c.half // when it was full, it fills again as soon as so many are taken
				if want := min(c.full+taken/again*again, 20); put != want {
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
	if !q.put(t.Context(), &request.Request{Body: make([]byte, 1000)}) || q.take(t.Context()) == nil {
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
		if !q.put(ctx, &request.Request{}) || q.put(ctx, &request.Request{}) {
			t.Error("put into a full queue")
		}
	})
}

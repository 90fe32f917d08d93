package http1

import (
	"context"
	"sync"
)

// watches have the end of a context interrupt the connections that use it. The requests of a run share one context, so
// that there is one watch on it, and only the first exchange of a connection pays for that.
type watches struct {
	mu sync.Mutex
	of map[context.Context]*watch
}

// watch is the watch on one context.
type watch struct {
	first *deadline // of a list
	stop  func() bool
}

// set has the end of ctx, and of no other context, interrupt d. A ctx that never ends has no watch.
func (ws *watches) set(d *deadline, ctx context.Context) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if w := ws.of[d.ctx]; w != nil {
		w.remove(d)
		if w.first == nil {
			w.stop()
			delete(ws.of, d.ctx)
		}
	}
	if d.ctx = ctx; ctx.Done() == nil {
		return
	}
	w := ws.of[ctx]
	if w == nil {
		w = new(watch)
		w.stop = context.AfterFunc(ctx, func() { ws.interrupt(w) })
		if ws.of == nil {
			ws.of = map[context.Context]*watch{}
		}
		ws.of[ctx] = w
	}
	w.add(d)
}

// interrupt interrupts the connections of w. It does not hold the lock meanwhile, since the end of an exchange may need
// it. That a connection has another context by then does no harm: it finds that it is not meant.
func (ws *watches) interrupt(w *watch) {
	var all []*deadline
	ws.mu.Lock()
	for d := w.first; d != nil; d = d.next {
		all = append(all, d)
	}
	ws.mu.Unlock()
	for _, d := range all {
		d.conn.interrupt()
	}
}

func (w *watch) add(d *deadline) {
	if d.next = w.first; d.next != nil {
		d.next.prev = d
	}
	w.first = d
}

func (w *watch) remove(d *deadline) {
	if d.prev == nil {
		w.first = d.next
	} else {
		d.prev.next = d.next
	}
	if d.next != nil {
		d.next.prev = d.prev
	}
	d.next, d.prev = nil, nil
}

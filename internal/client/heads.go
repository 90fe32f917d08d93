package client

import (
	"bytes"
	"sync/atomic"
)

// heads knows the head of a server's last response by heart, which is mostly that of the next, too: but for the second that
// it names, it seldom changes. A head that is known need not be parsed.
type heads struct {
	last   atomic.Pointer[knownHead]
	missed atomic.Uint32 // since one was known
}

type knownHead struct {
	text  []byte
	after parser // as it stands after text
}

// longHead is not worth keeping.
const longHead = 2 << 10

// find gives the head that b begins with, if it is known.
func (h *heads) find(b []byte) *knownHead {
	k := h.last.Load()
	if k == nil || !bytes.HasPrefix(b, k.text) {
		return nil
	}
	if h.missed.Load() > 0 {
		h.missed.Store(0)
	}
	return k
}

// learn keeps a head that was not known. The longer none was, the more seldom: there are servers whose heads all differ.
func (h *heads) learn(text []byte, after *parser) {
	if n := h.missed.Add(1); n > 4 && n&(n-1) != 0 || len(text) > longHead {
		return
	}
	k := &knownHead{bytes.Clone(text), *after}
	k.after.line, k.after.heads = nil, nil
	h.last.Store(k)
}

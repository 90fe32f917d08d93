package http1

import (
	"bytes"
	"slices"
	"sync/atomic"
)

// headCache caches the last response head that was parsed. The next one is mostly the same: only the date, with a
// resolution of seconds, changes. A cached head need not be parsed again.
type headCache struct {
	last   atomic.Pointer[cachedHead]
	missed atomic.Uint32 // since the last hit
	fields fieldSet      // that headers have besides the usual ones
}

type cachedHead struct {
	text   []byte
	header Header
	after  parser // the state behind text
}

// maxCachedHead is the longest head that is cached, bytes.
const maxCachedHead = 2 << 10

// find returns the cached head that b begins with, or nil.
func (h *headCache) find(b []byte) *cachedHead {
	k := h.last.Load()
	if k == nil || !bytes.HasPrefix(b, k.text) {
		return nil
	}
	if h.missed.Load() > 0 {
		h.missed.Store(0)
	}
	return k
}

// put caches a head that find did not find. With a server whose heads all differ it does so less and less often.
func (h *headCache) put(text []byte, after *parser) {
	if n := h.missed.Add(1); n > 4 && n&(n-1) != 0 || len(text) > maxCachedHead {
		return
	}
	k := &cachedHead{bytes.Clone(text), *after.h, *after}
	k.header.Fields = slices.Clone(k.header.Fields)
	k.after.line, k.after.cache, k.after.h = nil, nil, nil
	h.last.Store(k)
}

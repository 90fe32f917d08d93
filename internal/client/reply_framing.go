package client

import (
	"bytes"

	"perfpipe/internal/api"
	"perfpipe/internal/sniff"
	"perfpipe/internal/sse"
)

// framing is the format of an answer's body.
type framing uint8

const (
	notKnown framing = iota
	asWhole          // one JSON value
	asEvents         // server-sent events
	asLines          // JSON lines, as the dialect has them
	asJSON           // one JSON value, or JSON lines instead of events
)

// streamed reports whether the answer is read as a stream.
func (r *reply) streamed() bool { return r.framing >= asEvents }

// plain reads the next bytes of the body, which are not compressed.
func (r *reply) plain(b []byte) {
	switch r.framing {
	case asEvents:
		r.sse.Feed(b, r.onEvent)
	case asLines, asJSON:
		r.sse.FeedLines(b, r.onEvent)
	case asWhole:
		if r.got.Status/100 != 2 && len(r.whole)+len(b) > maxErrorBody {
			b = b[:max(0, maxErrorBody-len(r.whole))]
		}
		r.whole = sse.Join(r.whole, b)
	default:
		r.frame(b)
	}
}

// frame determines the framing by the beginning of the body, since a proxy may have set the Content-Type.
func (r *reply) frame(b []byte) {
	if r.events && len(b) > 0 && (b[0] == 'd' || b[0] == 'e' || b[0] == ':') {
		r.framing = asEvents
		r.sse.Feed(b, r.onEvent)
		return
	}
	r.whole = sse.Join(r.whole, b)
	if r.framing = r.framingOf(r.whole); r.streamed() {
		b, r.whole = r.whole, nil
		r.plain(b)
	}
}

var eventFields = [...]string{"data", "event", "id", "retry", "error"}

// framingOf returns the framing of a body by its beginning, or notKnown until that is long enough.
func (r *reply) framingOf(body []byte) framing {
	b := bytes.TrimLeft(sniff.TrimBOM(body), " \t\r\n")
	lines := r.ep.stream && r.ep.dialect.Framing == api.JSONLines
	switch {
	case len(b) == 0:
		return notKnown
	case b[0] == '{' || b[0] == '[':
		switch {
		case lines:
			return asLines
		case r.ep.stream || r.events:
			return asJSON
		}
		return asWhole
	case b[0] == ':':
		return asEvents
	case b[0] == '<': // a page
		return asWhole
	}
	name, _, more := bytes.Cut(b, []byte{':'})
	for _, field := range eventFields {
		if string(name) == field {
			if more {
				return asEvents
			}
			return notKnown
		}
		if !more && len(name) < len(field) && string(name) == field[:len(name)] {
			return notKnown
		}
	}
	if r.events {
		return asEvents
	}
	return asWhole
}

// release reports whether data, JSON instead of an event, is to be read now. The first value is held: if no other
// follows, it is a whole answer, and its time is not that of a chunk.
func (r *reply) release(data []byte) bool {
	if r.heldAt == 0 {
		r.whole, r.held, r.heldAt = append(r.whole[:0], data...), true, max(1, r.at)
		return false
	}
	if r.held {
		r.held = false
		now := r.at
		r.at = r.heldAt
		r.decoded(r.whole)
		if r.at = now; r.done || r.err != nil {
			return false
		}
	}
	return true
}

package load

import (
	"github.com/goccy/go-json"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// Request is a request line on its way to the server, with what the sender found out about it. It has one owner at a
// time: the Source, the engine, the Doer, and then its Record.
type Request struct {
	request.Request

	Members   fastjson.Members // of a Body that is still the line it was read from; nil: unknown
	Endpoint  any              // the Doer's, once it has prepared the request
	MaxTokens int              // that the answer may have; 0: unknown
	MinTokens int              // that the answer must have, because it was asked to ignore its end; 0: any
	WantReply bool             // the record is to carry the reply, for the history of other requests
	Whole     *Session         // the session that the request stands for; nil: none
	Part      *Session         // the session of which the request is one; nil: none

	RunID string // with Seq it makes an ID unique that another request may have; empty: no other has it
	Seq   int64  // as its record has it
	Of    string // name of the session, as its records have it; empty: none
	Final bool   // no other request of the session follows

	Agent  string // of the session, that sends the request, by its label; empty: the main one, or unknown
	Parent string // the agent that began Agent; empty: the main one

	Owner func(*Request) // gets the memory back at Release; may be nil

	memory []byte // of Body, if that is the request's own
}

// NewRequest returns a request for a line. It has no owner.
func NewRequest(line request.Request) *Request { return &Request{Request: line} }

// SetBody sets the body to the joined parts, which it copies into memory that the request owns.
func (r *Request) SetBody(parts ...[]byte) {
	if len(r.Body) > 0 && len(r.memory) > 0 && &r.Body[0] == &r.memory[0] { // the parts may be of it
		r.memory = nil
	}
	r.memory = r.memory[:0]
	for _, p := range parts {
		r.memory = append(r.memory, p...)
	}
	r.Body, r.Members = r.memory, nil
}

// Size returns the approximate memory of a request in bytes, with that of its session.
func (r *Request) Size() int {
	n := 200 + len(r.Body)
	if r.Whole != nil {
		n += r.Whole.size()
	}
	return n
}

// Release ends the use of a request. Its memory goes back to its owner.
func (r *Request) Release() {
	if r.Owner != nil {
		r.Owner(r)
	}
}

// Reset empties a request for its next line. It retains the memory and the owner.
func (r *Request) Reset() { *r = Request{memory: r.memory, Owner: r.Owner} }

// Record is the record of a request, with what the sender needs besides the record line.
type Record struct {
	record.Record

	Nth    int64           // its place among the requests that the engine has sent in this phase, from 0
	EndNs  int64           // when the last byte was received, ns since the epoch; 0: unknown
	DoneNs int64           // when it had been read, ns since the epoch
	Reply  json.RawMessage // the assistant's message, for the history of other requests
	Sent   *Request        // the request; nil: there is none

	Owner func(*Record) // gets the memory back at Release; may be nil
}

// Release ends the use of a record and of its request.
func (r *Record) Release() {
	if sent := r.Sent; sent != nil {
		r.Sent = nil
		sent.Release()
	}
	if r.Owner != nil {
		r.Owner(r)
	}
}

// Short reports whether the answer has fewer tokens than it must have.
func (r *Record) Short() bool {
	return r.CompletionTokens > 0 && r.Sent != nil && r.CompletionTokens < r.Sent.MinTokens
}

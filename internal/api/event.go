package api

import (
	"strings"

	"perfpipe/internal/servertime"
)

// Event is what one event of a stream, or a whole reply, carries.
type Event struct {
	Content, Reasoning, Tool string // generated output by kind; a refusal is content
	Calls                    []Call // the pieces of Tool, if the API sends pieces
	Choice                   int    // the only choice that the event is of, from 1; 0: none, or several
	Several                  bool   // several choices have output in it, or one while another continues
	Whole                    bool   // the output is a message, not a delta: after deltas, it repeats them
	Items                    int    // embeddings, or documents ranked
	Model, Finish            string
	Usage                    *Usage
	Err                      string // an error in the reply, in words
	Aside                    *Aside // nil: there is none
	Done                     bool   // the last event of its stream, such as [DONE]
	Media                    bool   // audio or an image, which is output without text
	Odd                      bool   // has text at an unknown place, which may be output
	Unseen                   Unseen
	Times                    *servertime.Times // nil: the event has none

	first *first // nil: the event is of one choice
	bare  bool   // Err is a finish reason, for want of words
}

// first is what the first of several choices has of an Event.
type first struct {
	content string
	calls   []Call
}

// First returns the content and the calls of the first choice.
func (e *Event) First() (content string, calls []Call) {
	switch {
	case e.Choice > 1:
		return "", nil
	case e.first != nil:
		return e.first.content, e.first.calls
	}
	return e.Content, e.Calls
}

// Call is a piece of a tool call. The arguments of pieces with the same Index belong together.
type Call struct {
	Index               int
	ID, Name, Arguments string
}

// Aside is what an event has besides output, counts and errors.
type Aside struct {
	Words string // text that is not JSON, such as a heartbeat
	Key   string // of a text that is not known to be output
}

// Unseen is why an unknown number of tokens was generated that no event has.
type Unseen uint8

// The reasons.
const (
	UnseenRedacted Unseen = iota + 1 // reasoning is encrypted or omitted
	UnseenSummary                    // a summary replaces the reasoning
)

// Output reports whether the event has output.
func (e *Event) Output() bool {
	return e.Content != "" || e.Reasoning != "" || e.Tool != "" || e.Items > 0 || e.Media
}

// DropOutput removes what the event has of output.
func (e *Event) DropOutput() {
	e.Content, e.Reasoning, e.Tool, e.Calls, e.Media, e.first = "", "", "", nil, false, nil
}

// each has read called for each element of a list of choices, and notes whether several of them have output.
func (e *Event) each(choices value, read func(i int, v value)) {
	outputs := 0
	choices.list(func(i int, v value) {
		before := len(e.Content) + len(e.Reasoning) + len(e.Tool)
		if read(i, v); len(e.Content)+len(e.Reasoning)+len(e.Tool) > before {
			outputs++
		}
	})
	e.Several = e.Several || outputs > 1
}

func (e *Event) call(c Call) {
	e.Tool += c.Name + c.Arguments
	e.Calls = append(e.Calls, c)
}

// maxChoice is the highest index of a choice that is tracked separately.
const maxChoice = 1 << 10

// choiceOf returns the Event.Choice of an index.
func choiceOf(index int) int {
	if index < 0 || index > maxChoice {
		return 0
	}
	return index + 1
}

// finish reads a finish reason: a word, or an object with a type.
func (e *Event) finish(v value) {
	word, message := v.string(), ""
	if v.isObject() {
		word, message = v.at("type").string(), v.at("message").string()
	}
	if goesOn(word) {
		return
	}
	e.Finish = word
	switch {
	case !failed(word):
	case message != "":
		e.Err = oneLine(strings.Replace(word, "abort", "aborted", 1) + ": " + message)
	case e.Err == "":
		e.Err, e.bare = oneLine("the answer ended with the reason "+word), true
	}
}

// goesOn reports whether a finish reason means that the answer has not ended.
func goesOn(reason string) bool {
	switch strings.ToLower(reason) {
	case "", "null", "none", "not_finished", "unfinished", "continue", "in_progress":
		return true
	}
	return strings.HasSuffix(strings.ToLower(reason), "unspecified") // of protocol buffers
}

// failed reports whether a finish reason is a failure of the server.
func failed(reason string) bool {
	reason = strings.ToLower(reason)
	switch reason {
	case "abort", "aborted", "fail", "failed", "failure", "cancelled", "canceled", "cancel", "timeout", "exception",
		"oom", "out_of_memory", "unavailable", "preempted",
		"insufficient_system_resource": // DeepSeek
		return true
	}
	// network_error of Zhipu, model_error, …
	return strings.HasSuffix(reason, "error") || strings.HasPrefix(reason, "error_") ||
		strings.HasPrefix(reason, "error:") || strings.HasSuffix(reason, "overloaded")
}

// odd records a text at a key that is not known to be output.
func (e *Event) odd(key string) {
	e.Odd = true
	if e.Aside == nil {
		e.Aside = &Aside{Key: key}
	}
}

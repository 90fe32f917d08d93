package api

import "strings"

// Event is what one event of a stream, or a whole reply, carries.
type Event struct {
	Content, Reasoning, Tool string // generated output by kind; a refusal is content
	Calls                    []Call // what Tool is made of, where the API says it piece by piece
	Items                    int    // embeddings, or documents ranked
	Model, Finish            string
	Usage                    *Usage
	Err                      string // an error in the reply, in plain words
	Aside                    *Aside // nil: nothing
	Done                     bool   // the last event of its stream, such as [DONE]
	Media                    bool   // sound or an image, which is output without a text
	Odd                      bool   // what may be output, for all that is known of the dialect
	Unseen                   Unseen
}

// Call is a piece of a tool call: of those with one Index the arguments are to be joined.
type Call struct {
	Index               int
	ID, Name, Arguments string
}

// Aside is what an event has in it that is neither output nor count nor error.
type Aside struct {
	Words string // text that is no JSON, such as a heartbeat
	Key   string // of a text that no list of output has
}

// Unseen is why tokens were generated that no event carries, and whose number the event does not tell.
type Unseen uint8

// The reasons.
const (
	UnseenRedacted Unseen = iota + 1 // reasoning that is encrypted or left out
	UnseenSummary                    // a summary of the reasoning in its place
)

// Output reports whether the event carries output.
func (e *Event) Output() bool {
	return e.Content != "" || e.Reasoning != "" || e.Tool != "" || e.Items > 0 || e.Media
}

func (e *Event) call(c Call) {
	e.Tool += c.Name + c.Arguments
	e.Calls = append(e.Calls, c)
}

// finish takes a reason to end: a word, or an object whose type is one. The word null means that there is more to come.
func (e *Event) finish(v value) {
	word, message := v.string(), ""
	if v.isObject() {
		word, message = v.at("type").string(), v.at("message").string()
	}
	if word == "" || word == "null" {
		return
	}
	e.Finish = word
	switch {
	case !failed(word):
	case message != "":
		e.Err = oneLine(strings.Replace(word, "abort", "aborted", 1) + ": " + message)
	default:
		e.Err = oneLine("the answer ended with the reason " + word)
	}
}

// failed reports whether a reason to end is a failure of the server.
func failed(reason string) bool {
	reason = strings.ToLower(reason)
	switch reason {
	case "abort", "aborted", "fail", "failed", "failure", "cancelled", "canceled", "cancel", "timeout", "overloaded",
		"exception", "oom", "out_of_memory", "unavailable", "preempted",
		"insufficient_system_resource": // DeepSeek
		return true
	}
	// network_error of Zhipu, model_error, …
	return strings.HasSuffix(reason, "error") || strings.HasPrefix(reason, "error_") || strings.HasPrefix(reason, "error:")
}

// odd notes a text at a key that no list of output has.
func (e *Event) odd(key string) {
	e.Odd = true
	if e.Aside == nil {
		e.Aside = &Aside{Key: key}
	}
}

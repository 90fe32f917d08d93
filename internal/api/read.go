package api

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/tidwall/gjson"
)

// Read decodes the data of one event of a stream, or a whole reply. Where an event alone does not tell all, as in
// SGLang's, whose text grows from event to event, only Reader reads a stream.
func (d Dialect) Read(data []byte) (Event, error) {
	if d.reader != nil {
		return d.event(data, d.reader())
	}
	return d.event(data, d.read)
}

// Reader returns the function that reads the events of one stream in order, or one whole reply.
func (d Dialect) Reader() func(data []byte) (Event, error) {
	read := d.read
	if d.reader != nil {
		read = d.reader()
	}
	return func(data []byte) (Event, error) { return d.event(data, read) }
}

func (d *Dialect) event(data []byte, read func(value) Event) (Event, error) {
	if d.scan != nil {
		if e, ok := d.scan(data); ok {
			return e, nil
		}
	}
	return d.decode(data, read)
}

// decode reads what servers send as an event. An error means that the data is broken; what is no JSON at all is an Aside.
func (d *Dialect) decode(data []byte, read func(value) Event) (Event, error) {
	data = bytes.TrimSpace(data)
	for bytes.HasPrefix(data, []byte("data:")) { // twice, by a proxy that takes events for text
		data = bytes.TrimSpace(data[len("data:"):])
	}
	switch {
	case len(data) == 0:
		return Event{}, nil
	case d.isDone(data):
		return Event{Done: true}, nil
	case data[0] != '{' && data[0] != '[':
		if words := scalar(data); words != "" {
			return Event{Aside: &Aside{Words: words}}, nil
		}
		return Event{}, nil
	}
	v, err := parse(data)
	if err != nil {
		return Event{}, err
	}
	v.root = new(root)
	e := read(v)
	silent := !e.Output() && e.Usage == nil && e.Finish == ""
	if e.Err == "" && !d.ownErrors && (silent || v.root.suspicious || !v.root.walked) {
		e.Err = complaint(v, silent)
	}
	return e, nil
}

// isDone reports whether data is the mark of a stream's end, which some servers write in quotes or small letters.
func (d *Dialect) isDone(data []byte) bool {
	if d.done != "" && string(data) == d.done {
		return true
	}
	return bytes.EqualFold(bytes.Trim(data, `"[] `), []byte("DONE"))
}

// scalar returns the words of data that is neither object nor list; null, a number and the like are none.
func scalar(data []byte) string {
	if gjson.ValidBytes(data) {
		return oneLine(value{r: gjson.ParseBytes(data)}.string())
	}
	return oneLine(string(data))
}

// complaint returns the error that an answer reports; "": none. What says nothing, such as "error": false or a code of 0,
// is no error. An answer that is silent has neither output nor counts.
func complaint(v value, silent bool) string {
	if v.isList() {
		v = v.at("0") // Gemini's
	}
	if !v.isObject() {
		return ""
	}
	if err := v.at("error"); !harmless(err) {
		if err.isTrue() {
			return cmp.Or(message(v), "the answer says that there was an error")
		}
		return ErrorMessage(v.raw())
	}
	if v.at("object").is("error") || v.at("type").is("error") {
		return ErrorMessage(v.raw())
	}
	if base := v.at("base_resp"); base.at("status_code").there() && !base.at("status_code").empty() { // MiniMax
		return cmp.Or(oneLine(base.at("status_msg").string()), ErrorMessage(base.raw()))
	}
	if !silent || v.at("choices.0").there() {
		return ""
	}
	m := message(v)
	switch status := v.at("status").string(); {
	case v.at("success").r.Type == gjson.False, status == "error", status == "failed", v.at("errors.0").there():
		return cmp.Or(m, ErrorMessage(v.raw()))
	case m != "" && (!fine(v.at("code")) || !fine(v.at("error_code")) ||
		v.at("status").count() >= 400 || v.at("status_code").count() >= 400):
		return ErrorMessage(v.raw())
	case !v.at("detail").empty():
		return ErrorMessage(v.raw())
	}
	return ""
}

// harmless reports whether the value of a key error is none: empty, or a code of success.
func harmless(v value) bool {
	if v.empty() {
		return true
	}
	m := strings.ToLower(v.at("message").string())
	return v.isObject() && fine(v.at("code")) && v.at("code").there() && (m == "ok" || m == "success")
}

// fine reports whether a code is that of success, or none.
func fine(v value) bool {
	switch v.string() {
	case "ok", "OK", "success", "Success", "200", "0":
		return true
	}
	return v.empty() || v.count() == 200
}

// message returns the sentence of an object that has one.
func message(v value) string {
	for _, key := range [...]string{"message", "msg", "detail", "error_msg", "error_message"} {
		if m := v.at(key).string(); m != "" {
			return oneLine(m)
		}
	}
	return ""
}

// ErrorEvent returns what the data of an event that is named an error says.
func ErrorEvent(data []byte) string {
	data = bytes.TrimSpace(data)
	if len(data) > 0 && (data[0] == '{' || data[0] == '[') {
		if v, err := parse(data); err == nil && !v.empty() {
			return ErrorMessage(data)
		}
	}
	return cmp.Or(scalar(data), "the server sent an error event without a message")
}

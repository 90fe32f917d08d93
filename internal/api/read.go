package api

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/tidwall/gjson"
)

// Read decodes the data of an event, or a whole reply. Streams need a Reader if their events depend on those before, as
// SGLang's do, whose text grows from event to event.
func (d Dialect) Read(data []byte) (Event, error) {
	if d.reader != nil {
		return d.event(data, d.reader())
	}
	return d.event(data, d.read)
}

// Reader returns a function that decodes the events of one stream in order, or a whole reply.
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

// decode reads the data of an event as servers send it. Broken JSON is an error, and other text is an Aside.
func (d *Dialect) decode(data []byte, read func(value) Event) (Event, error) {
	data = bytes.TrimSpace(data)
	for bytes.HasPrefix(data, []byte("data:")) { // repeated, by a proxy that takes events for text
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
	if err != nil && bracketed(data) {
		return Event{Aside: &Aside{Words: oneLine(string(data))}}, nil
	}
	if err != nil {
		return Event{}, err
	}
	v.root = &root{times: d.times}
	e := read(v)
	if v.root.timed {
		e.Times = d.times.Event(v.r)
	}
	silent := !e.Output() && e.Usage == nil && e.Finish == ""
	if (e.Err == "" || e.bare) && !d.ownErrors && (silent || v.root.suspicious || !v.root.walked) {
		e.Err = cmp.Or(complaint(v, silent), e.Err)
	}
	return e, nil
}

// isDone reports whether data marks the end of a stream. Some servers write the mark in quotes or in lower case.
func (d *Dialect) isDone(data []byte) bool {
	if d.done != "" && string(data) == d.done {
		return true
	}
	return bytes.EqualFold(bytes.Trim(data, `"[] `), []byte("DONE"))
}

// bracketed reports whether data that is not JSON is a word in brackets, such as [heartbeat].
func bracketed(data []byte) bool {
	rest := bytes.TrimLeft(data[1:], " ")
	return data[0] == '[' && len(rest) > 0 && (rest[0] >= 'a' && rest[0] <= 'z' || rest[0] >= 'A' && rest[0] <= 'Z')
}

// scalar returns the text of data that is neither an object nor a list, or "" if it is null, a number or a boolean.
func scalar(data []byte) string {
	if gjson.ValidBytes(data) {
		return oneLine(value{r: gjson.ParseBytes(data)}.string())
	}
	return oneLine(string(data))
}

// complaint returns the error that an answer reports, or "". An empty value, such as "error": false or a code of 0, is
// not an error. A silent answer has neither output nor counts.
func complaint(v value, silent bool) string {
	if v.isList() {
		v = v.at("0") // of Gemini
	}
	if !v.isObject() {
		return ""
	}
	if err := v.at("error"); !harmless(err) {
		if err.isTrue() {
			return cmp.Or(message(v), "the answer reports an error")
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
	if exception := exceptionIn(v); exception.there() {
		return ErrorMessage(exception.raw())
	}
	switch status := v.at("status").string(); {
	case v.at("success").r.Type == gjson.False, status == "error", status == "failed", v.at("errors.0").there():
		return cmp.Or(m, ErrorMessage(v.raw()))
	case m != "" && failedCode(v):
		return m
	case !v.at("detail").empty():
		return ErrorMessage(v.raw())
	}
	return ""
}

// harmless reports whether the value of a key error is not an error: it is empty, or a code of success.
func harmless(v value) bool {
	if v.empty() {
		return true
	}
	m := strings.ToLower(v.at("message").string())
	return v.isObject() && fine(v.at("code")) && v.at("code").there() && (m == "ok" || m == "success")
}

// fine reports whether a code is one of success, or is empty.
func fine(v value) bool {
	switch v.string() {
	case "ok", "OK", "success", "Success", "200", "0":
		return true
	}
	return v.empty() || v.count() == 200
}

// failedCode reports whether an object has a code of failure under any of the keys that services use.
func failedCode(v value) (failed bool) {
	v.each(func(key string, v value) {
		switch plainKey(key) {
		case "code", "errorcode", "errcode", "retcode":
			failed = failed || !fine(v)
		case "status", "statuscode", "httpstatus":
			failed = failed || v.count() >= 400
		}
	})
	return failed
}

// exceptionIn returns the member of an object that is named after an exception, as those of Bedrock's streams are.
func exceptionIn(v value) (found value) {
	v.each(func(key string, v value) {
		if key = strings.ToLower(key); v.isObject() && !harmless(v) &&
			(strings.HasSuffix(key, "exception") || strings.HasSuffix(key, "error")) {
			found = v
		}
	})
	return found
}

// plainKey returns a key in lower case and without underscores.
func plainKey(key string) string { return strings.ToLower(strings.ReplaceAll(key, "_", "")) }

// message returns the message in an object, or "".
func message(v value) string {
	found := map[string]string{}
	v.each(func(key string, v value) {
		if m := v.string(); m != "" {
			found[plainKey(key)] = m
		}
	})
	for _, key := range [...]string{"message", "msg", "detail", "errormsg", "errmsg", "errormessage", "retmsg"} {
		if m := found[key]; m != "" {
			return oneLine(m)
		}
	}
	return ""
}

// Said returns the message that a whole answer has instead of output, or "".
func Said(answer []byte) string {
	v, err := parse(answer)
	if err != nil {
		return ""
	}
	return message(v)
}

// ErrorEvent returns the message in the data of an event whose name is that of an error.
func ErrorEvent(data []byte) string {
	data = bytes.TrimSpace(data)
	if len(data) > 0 && (data[0] == '{' || data[0] == '[') {
		if v, err := parse(data); err == nil && !v.empty() {
			return ErrorMessage(data)
		}
	}
	return cmp.Or(scalar(data), "the server sent an error event without a message")
}

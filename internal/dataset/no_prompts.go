package dataset

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"perfpipe/internal/fault"
)

var (
	requestLines = regexp.MustCompile(`"(?:GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH) \S+ HTTP/[0-9.]+"`)
	logLines     = regexp.MustCompile(`^(?:\(\S+ pid=\d+\) )?(?:(?:INFO|DEBUG|WARNING|ERROR):? [\[\d]` +
		`|\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S*\]? +(?:TP\d+\]|\[?(?:INFO|DEBUG|WARN|ERROR)|Receive: |Finish: ))`)
	pythonDict = regexp.MustCompile(`^\[?\{'[^']*': `)
)

// maxLines is the number of lines that noPrompts examines.
const maxLines = 20

// noPrompts returns an error if text begins like a file whose lines are not prompts: a web page, a server's log as
// text, Python objects. The dataset custom reads such a file nevertheless.
func noPrompts(head []byte) error {
	start := strings.ToLower(string(head[:min(len(head), 64)]))
	for prefix, what := range map[string]string{"<!doctype html": "an HTML page", "<html": "an HTML page",
		"<?xml": "an XML document"} {
		if strings.HasPrefix(start, prefix) {
			return fault.Of("", "page", "%s, which is not a list of prompts", what)
		}
	}
	if len(head) > 0 && head[0] == 0x1E {
		return errors.New("a JSON text sequence (RFC 7464): remove its record separators, which are the bytes 1E")
	}
	logged, dated, dicts, events, n := 0, 0, 0, 0, 0
	for line := range bytes.Lines(head) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if requestLines.Match(line) && line[0] != '{' {
			logged++
		}
		if bytes.HasPrefix(line, []byte("data:")) || bytes.HasPrefix(line, []byte("event:")) {
			events++
		}
		if logLines.Match(line) {
			dated++
		}
		if pythonDict.Match(line) {
			dicts++
		}
		if n++; n == maxLines {
			break
		}
	}
	switch {
	case n > 0 && logged == n:
		return fault.Of("", "text-log", "the access log of a server as text, which has no bodies of requests")
	case 2*dated > n: // the rest continues a line, or is of another program
		return fault.Of("", "text-log", "the log of a server as text, which is not a list of prompts")
	case n > 0 && events == n:
		return errors.New("server-sent events, which are answers, not requests")
	case n > 0 && dicts == n:
		return fault.Of("", "python-dicts", "objects as Python prints them, not JSON")
	}
	return nil
}

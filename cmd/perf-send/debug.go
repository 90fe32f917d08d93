package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/visible"
)

// debugger writes each step of each exchange on stderr, as evalscope's --debug does. Events are whole lines, so that
// those of several requests stay readable.
func (f *flags) debugger(env *cli.Env) func(id, what string, text []byte) {
	if !f.Debug {
		return nil
	}
	titles := map[string]string{"endpoint": "Endpoint", "start": "Starting request", "sent": "Request sent", "received": "Response received"}
	return func(id, what string, text []byte) {
		now := time.Now().Format("2006-01-02 15:04:05.000")
		fmt.Fprintf(env.Stderr, "%s perf-send DEBUG %s: %s: %s\n", now, visible.Line(id), titles[what], visible.Text(debugText(text)))
	}
}

const (
	debugBytes   = 4096 // of one step
	debugPicture = 40   // characters of a picture or a sound, as a data URL or as base64 alone
)

var longBase64 = regexp.MustCompile(`[A-Za-z0-9+/_-]{256,}={0,2}`)

// debugText is text on one line, without most of its pictures, and of its middle if it is long.
func debugText(text []byte) string {
	s := strings.ReplaceAll(strings.ToValidUTF8(string(text), "\uFFFD"), "\n", `\n`)
	s = longBase64.ReplaceAllStringFunc(s, func(data string) string {
		return fmt.Sprintf("%s…(%d characters)", data[:debugPicture], len(data))
	})
	if len(s) <= debugBytes {
		return s
	}
	head, tail := s[:debugBytes*3/4], s[len(s)-debugBytes/4:]
	return strings.ToValidUTF8(head, "") + fmt.Sprintf(" …(%d bytes left out)… ", len(s)-len(head)-len(tail)) + strings.ToValidUTF8(tail, "")
}

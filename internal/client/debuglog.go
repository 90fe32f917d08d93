package client

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"perfpipe/internal/visible"
)

// DebugLog returns a Config.Debug that writes a line to w for each step of each exchange, as evalscope's --debug does.
// Each line is one write, so that those of concurrent requests stay readable. program follows the time in it.
func DebugLog(w io.Writer, program string) func(id, step string, text []byte) {
	titles := map[string]string{
		"endpoint": "Endpoint", "start": "Starting request", "sent": "Request sent", "received": "Response received",
	}
	return func(id, step string, text []byte) {
		now := time.Now().Format("2006-01-02 15:04:05.000")
		fmt.Fprintf(w, "%s %s DEBUG %s: %s: %s\n",
			now, program, visible.Line(id), titles[step], visible.Text(debugText(text)))
	}
}

const (
	debugBytes  = 4096 // of one step
	debugBase64 = 40   // characters of a picture or a sound, in a data URL or alone
)

// longBase64 matches pictures and sounds.
var longBase64 = regexp.MustCompile(`[A-Za-z0-9+/_-]{256,}={0,2}`)

// debugText returns text as one line, without most of its pictures, and without its middle if it is long.
func debugText(text []byte) string {
	s := strings.ReplaceAll(strings.ToValidUTF8(string(text), "\uFFFD"), "\n", `\n`)
	s = longBase64.ReplaceAllStringFunc(s, func(data string) string {
		return fmt.Sprintf("%s…(%d characters)", data[:debugBase64], len(data))
	})
	if len(s) <= debugBytes {
		return s
	}
	head, tail := s[:debugBytes*3/4], s[len(s)-debugBytes/4:]
	return strings.ToValidUTF8(head, "") +
		fmt.Sprintf(" …(%d bytes left out)… ", len(s)-len(head)-len(tail)) +
		strings.ToValidUTF8(tail, "")
}

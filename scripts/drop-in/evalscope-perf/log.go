package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"perfpipe/internal/fault"
	"perfpipe/internal/table"
)

// runLog is benchmark.log: the pipeline, the messages of its commands, and the figures of each load point.
type runLog struct {
	file *os.File
	tty  bool
}

// openLog creates the log in dir. If stderr is a terminal, the commands draw on it and their messages are not logged.
func openLog(dir string, tty bool) (*runLog, error) {
	f, err := os.Create(filepath.Join(dir, "benchmark.log"))
	if err != nil {
		return nil, fault.Fail("", "%w", err)
	}
	return &runLog{f, tty}, nil
}

// stderr returns the stderr of a command: env's own, and the log unless it is a terminal.
func (l *runLog) stderr(own io.Writer) io.Writer {
	if l.tty {
		return own
	}
	return io.MultiWriter(own, l.file)
}

// say writes a message in evalscope's format. It ignores errors, since a full disk also fails the results.
func (l *runLog) say(message string) {
	stamp := time.Now().Format(time.DateTime)
	fmt.Fprintf(l.file, "%s - evalscope - INFO: %s\n", stamp, strings.TrimRight(message, "\n"))
}

// table writes a table below its title.
func (l *runLog) table(t *table.Table) {
	l.say("")
	t.Text(l.file)
}

func (l *runLog) close() { l.file.Close() }

package main

import (
	"errors"
	"strings"
	"testing"
)

// sink is a file or a pipe that fails after some bytes.
type sink struct {
	text   strings.Builder
	room   int
	closed bool
}

func (s *sink) Write(p []byte) (int, error) {
	if s.text.Len()+len(p) > s.room {
		return 0, errors.New("no room")
	}
	return s.text.Write(p)
}

func (s *sink) Close() error {
	s.closed = true
	return nil
}

// TestKeep copies records to a file and to perf-stats: the file must be complete even if perf-stats has ended, and a
// full disk ends the run.
func TestKeep(t *testing.T) {
	const records = "{\"id\":1}\n{\"id\":2}\n"
	for _, tt := range []struct {
		name        string
		file, shown int // bytes that they take
		kept        string
		err         string
	}{
		{"both", 99, 99, records, ""},
		{"perf-stats has ended", 99, 0, records, ""},
		{"the disk is full", 0, 99, "", "no room"},
	} {
		file, shown := &sink{room: tt.file}, &sink{room: tt.shown}
		err := keep(strings.NewReader(records), file, shown)
		if got := file.text.String(); got != tt.kept || !shown.closed {
			t.Errorf("%s: kept %q, closed %v", tt.name, got, shown.closed)
		}
		if got := text(err); got != tt.err {
			t.Errorf("%s: error %q, want %q", tt.name, got, tt.err)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

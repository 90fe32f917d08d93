package main

import (
	"bufio"
	"bytes"
	"io"
	"os"

	"perfpipe/internal/request"
)

// spool keeps the lines that were read, for --cycle: in memory, past a bound on disk.
type spool struct {
	mem  bytes.Buffer
	file *os.File      // nil: all is in memory
	w    *bufio.Writer // to file
	line []byte
}

const spoolBound = 1 << 20

// add keeps a request as it was read.
func (s *spool) add(r *request.Request) error {
	var err error
	if s.line, err = r.Append(s.line[:0]); err != nil {
		return err
	}
	if s.file == nil && s.mem.Len()+len(s.line) > spoolBound {
		if s.file, err = os.CreateTemp("", "perf-send-cycle"); err != nil {
			return err
		}
		os.Remove(s.file.Name()) // it goes with the process; where that cannot be, it stays in the folder for such files
		s.w = bufio.NewWriterSize(s.file, 64<<10)
		if _, err := s.mem.WriteTo(s.w); err != nil {
			return err
		}
		s.mem = bytes.Buffer{}
	}
	s.line = append(s.line, '\n')
	if s.file != nil {
		_, err = s.w.Write(s.line)
		return err
	}
	s.mem.Write(s.line)
	return nil
}

// reader reads all that was kept, from the start.
func (s *spool) reader() (io.Reader, error) {
	if s.file == nil {
		return bytes.NewReader(s.mem.Bytes()), nil
	}
	if err := s.w.Flush(); err != nil {
		return nil, err
	}
	_, err := s.file.Seek(0, io.SeekStart)
	return s.file, err
}

func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
	}
}

package feed

import (
	"bufio"
	"bytes"
	"io"
	"os"

	"perfpipe/internal/load"
)

// spool stores request lines in memory, or in a temporary file once they exceed spoolLimit.
type spool struct {
	mem  bytes.Buffer
	file *os.File      // nil: all lines are in memory
	w    *bufio.Writer // to file
	line []byte
}

const spoolLimit = 1 << 20 // bytes

// add stores a request as it was read.
func (s *spool) add(r *load.Request) error {
	var err error
	if s.line, err = r.Append(s.line[:0]); err != nil {
		return err
	}
	if s.file == nil && s.mem.Len()+len(s.line) > spoolLimit {
		if err := s.moveToFile(); err != nil {
			return err
		}
	}
	s.line = append(s.line, '\n')
	if s.file != nil {
		_, err = s.w.Write(s.line)
		return err
	}
	s.mem.Write(s.line)
	return nil
}

func (s *spool) moveToFile() (err error) {
	if s.file, err = os.CreateTemp("", "perf-send-cycle"); err != nil {
		return err
	}
	os.Remove(s.file.Name()) // the open file goes with the process; Windows refuses, and leaves it in the folder
	s.w = bufio.NewWriterSize(s.file, 64<<10)
	_, err = s.mem.WriteTo(s.w)
	s.mem = bytes.Buffer{}
	return err
}

// reader returns a reader of all lines. No line may be added after the first call.
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

package main

import (
	"bufio"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/load"
	"perfpipe/internal/partial"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// checkResume refuses what cannot go on.
func (f *flags) checkResume() error {
	switch {
	case cli.IsStd(f.Resume):
		return fault.Usage("", "--resume: needs the name of a file")
	case f.Output != "" && f.Output != f.Resume:
		return fault.Usage("leave -o out", "--resume: appends to %s, where -o says %s", f.Resume, f.Output)
	case f.Force:
		return fault.Usage("", "--resume: keeps the file that --force replaces")
	case f.adaptive():
		return fault.Usage("", "--resume: a search cannot go on, since it goes by what it has measured")
	case f.Duration > 0:
		return fault.Usage("--number says how many requests a run has",
			"--resume: what a run with --duration has left is not known")
	}
	return nil
}

// continued makes FILE the FILE.partial that a run goes on with, and returns whether there is one.
func continued(path string) (bool, error) {
	partial := path + partial.Suffix
	p, err := os.Stat(partial)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	f, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	there, whole := p != nil && p.Size() > 0, f != nil && f.Size() > 0
	switch {
	case f != nil && !f.Mode().IsRegular():
		return false, fault.Usage("", "--resume: %s is not a file", path)
	case there && whole:
		return false, fault.Fail("rename the one that shall not go on", "--resume: both %s and %s hold records", path, partial)
	case whole:
		return true, os.Rename(path, partial)
	}
	return there, nil
}

// sent is what a records file holds.
type sent struct {
	path  string
	shard string

	records  int64
	names    []uint32         // of the requests, by sequence number: 0 if it was not sent, autoName, or a hash
	byName   map[string]int64 // how often a request was sent to its end; where there are conversations
	next     int64            // a sequence number that none has reached
	talks    bool             // there are conversations
	finished map[string]int64 // conversations that have come to their end

	rewritten bool // the file
}

const (
	autoName = 1       // of a request without a name of its own
	mostSent = 1 << 30 // requests: what a file may claim
)

// readSent reads FILE.partial and mends it. What a run that was cut short could not finish goes, and is sent again: a
// line without its end, a request that was canceled, the turns of a conversation that has not come to its end.
func readSent(env *cli.Env, path string) (*sent, error) {
	partial := path + partial.Suffix
	if !compressed(path) {
		if err := endLines(partial); err != nil {
			return nil, err
		}
	}
	s := &sent{path: path, byName: map[string]int64{}, finished: map[string]int64{}}
	damaged, err := eachRecord(partial, func(r *record.Record, _ []byte) error { return s.survey(r) })
	if err != nil {
		return nil, err
	}
	dropped := int64(0)
	keep := func(r *record.Record) bool {
		return !canceled(r) && (r.Session == "" || s.finished[r.Session] > 0)
	}
	if _, err := eachRecord(partial, func(r *record.Record, _ []byte) error {
		if !keep(r) {
			dropped++
			return nil
		}
		return s.add(r)
	}); err != nil {
		return nil, err
	}
	if damaged || dropped > 0 {
		if err := rewrite(path, keep); err != nil {
			return nil, err
		}
		s.rewritten = true
	}
	if dropped > 0 {
		env.Say("--resume: %s holds %d records; %d more were cut short and are sent again", path, s.records, dropped)
	} else {
		env.Say("--resume: %s holds %d records", path, s.records)
	}
	return s, nil
}

func canceled(r *record.Record) bool { return r.Error != nil && r.Error.Kind == record.KindCanceled }

// survey finds the conversations that have come to their end.
func (s *sent) survey(r *record.Record) error {
	s.next = max(s.next, r.Seq+1)
	if r.Seq < 0 || r.Seq >= mostSent {
		return fmt.Errorf("seq %d is none", r.Seq)
	}
	if r.Session != "" {
		s.talks = true
		if !canceled(r) && (!r.OK || r.Turn >= r.Turns) {
			s.finished[r.Session]++
		}
	}
	return nil
}

// add takes a record that stays.
func (s *sent) add(r *record.Record) error {
	if s.records > 0 && r.Shard != s.shard {
		return errors.New("its shard is not that of the lines before")
	}
	s.shard = r.Shard
	s.records++
	auto := strings.HasPrefix(r.ID, r.RunID+"-") && r.RunID != ""
	if s.talks {
		if r.Turn <= 1 {
			name := r.ID
			if auto {
				name = strings.TrimPrefix(name, r.RunID)
			}
			s.byName[name]++
		}
		return nil
	}
	for int64(len(s.names)) <= r.Seq {
		s.names = append(s.names, 0)
	}
	if s.names[r.Seq] != 0 {
		return fmt.Errorf("seq %d stands there twice: it is more than one run", r.Seq)
	}
	s.names[r.Seq] = autoName
	if !auto {
		s.names[r.Seq] = hashed(r.ID)
	}
	return nil
}

func hashed(name string) uint32 {
	h := fnv.New32a()
	io.WriteString(h, name)
	return max(h.Sum32(), autoName+1)
}

// has reports whether the request on a line of the input was sent.
func (s *sent) has(line int64, req *request.Request) (bool, error) {
	if s.talks {
		name := req.ID
		if name == "" {
			name = "-" + strconv.FormatInt(line, 10)
		}
		if s.byName[name] == 0 {
			return false, nil
		}
		s.byName[name]--
		return true, nil
	}
	if line >= int64(len(s.names)) || s.names[line] == 0 {
		return false, nil
	}
	want := uint32(autoName)
	if req.ID != "" {
		want = hashed(req.ID)
	}
	if s.names[line] != want {
		return false, &load.SourceError{Source: req.Source.String(), Err: fmt.Errorf(
			"custom_id %q is not that of request %d in %s: it is another input", req.ID, line, s.path)}
	}
	return true, nil
}

// engine is what the load engine passes over.
func (s *sent) engine(shard load.Shard) (load.Sent, error) {
	if s.records > 0 && s.shard != shard.String() {
		return load.Sent{}, fault.Fail("", "--resume: %s is of shard %q, and this is %q", s.path, s.shard, shard.String())
	}
	out := load.Sent{Has: s.has}
	if s.talks {
		out.Seq = s.next
	}
	return out, nil
}

// endLines removes a last line that is not whole, and ends one that lacks its line feed alone.
func endLines(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	whole, err := partial.WholeLines(f, size)
	if err != nil || whole == size {
		return err
	}
	last := make([]byte, size-whole)
	if _, err := f.ReadAt(last, whole); err != nil {
		return err
	}
	if _, err := new(record.Decoder).Decode(last); err == nil {
		_, err = f.WriteAt([]byte{'\n'}, size)
		return err
	}
	return f.Truncate(whole)
}

// eachRecord calls do with each record of a file and its line, and reports whether the end of the file is damaged.
func eachRecord(path string, do func(*record.Record, []byte) error) (damaged bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	plain, err := jsonl.Decompress(f)
	if jsonl.Damaged(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	var d record.Decoder
	for line, err := range jsonl.Lines(plain) {
		if err != nil {
			if jsonl.Damaged(err) {
				return true, nil
			}
			return false, fmt.Errorf("%s: %w", path, err)
		}
		r, err := d.Decode(line.Bytes)
		if err == nil {
			err = do(r, line.Bytes)
		}
		if err != nil {
			return false, fault.Fail("", "--resume: %w", &jsonl.LineError{File: path, Line: line.N, Err: err})
		}
	}
	return false, nil
}

// rewrite writes FILE.partial anew with the records that stay.
func rewrite(path string, keep func(*record.Record) bool) error {
	partial := path + partial.Suffix
	was, err := os.Stat(partial)
	if err != nil {
		return err
	}
	to, err := os.OpenFile(partial+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, was.Mode().Perm())
	if err != nil {
		return err
	}
	defer os.Remove(to.Name())
	defer to.Close()
	buf := bufio.NewWriterSize(to, 1<<20)
	packed, err := jsonl.Compress(buf, path)
	if err != nil {
		return err
	}
	if _, err := eachRecord(partial, func(r *record.Record, line []byte) error {
		if !keep(r) {
			return nil
		}
		_, err := packed.Write(append(line[:len(line):len(line)], '\n'))
		return err
	}); err != nil {
		return err
	}
	if err := errors.Join(packed.Close(), buf.Flush(), to.Close()); err != nil {
		return err
	}
	return os.Rename(to.Name(), partial)
}

package recordfile

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"strings"

	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
)

// Sent is what an earlier run has sent, by the records that its file holds.
type Sent struct {
	Records int64 // that the file holds
	Dropped int64 // records that were removed from it

	path     string
	shard    string
	run      string           // run_id of the first part of the run
	ids      []uint32         // by sequence number: 0 (not sent), autoID or the hash of an id; without sessions
	byID     map[string]int64 // how often a request or session was sent, by id or name; with sessions
	turns    map[string]int   // requests of each session, by name
	next     int64            // the first sequence number above those of all records
	sessions bool             // some records have a session
	ended    map[string]int64 // requests of each session that were sent or skipped
	finished map[string]bool  // sessions of which these are all
}

const (
	autoID = 1       // of a request without an id of its own
	maxSeq = 1 << 30 // bounds the memory that a file can claim
)

func newSent(path string) *Sent {
	return &Sent{
		path: path, byID: map[string]int64{}, turns: map[string]int{},
		ended: map[string]int64{}, finished: map[string]bool{},
	}
}

// Load returns what the engine passes over when it sends the input again as the same shard.
func (s *Sent) Load(shard load.Shard) (load.Sent, error) {
	if s.Records > 0 && s.shard != shard.String() {
		return load.Sent{}, fmt.Errorf("%s is of shard %q, and this is %q", s.path, s.shard, shard.String())
	}
	out := load.Sent{Has: s.has, RunID: s.run}
	if s.sessions {
		out.Seq = s.next
	}
	return out, nil
}

func canceled(r *record.Record) bool { return r.Error != nil && r.Error.Kind == record.KindCanceled }

// survey notes the sessions that have ended. It must see all records before keeps and add.
func (s *Sent) survey(r *record.Record) error {
	s.next = max(s.next, r.Seq+1)
	if r.Seq < 0 || r.Seq >= maxSeq {
		return fmt.Errorf("seq %d is out of range", r.Seq)
	}
	if r.Session != "" {
		s.sessions = true
		if !canceled(r) {
			s.ended[r.Session] += 1 + int64(r.Skipped)
			s.finished[r.Session] = s.ended[r.Session] >= int64(r.Turns)
		}
	}
	return nil
}

// keeps reports whether a record stays in the file.
func (s *Sent) keeps(r *record.Record) bool {
	return !canceled(r) && (r.Session == "" || s.finished[r.Session])
}

// add adds a record that stays.
func (s *Sent) add(r *record.Record) error {
	if s.Records > 0 && r.Shard != s.shard {
		return errors.New("its shard is not that of the lines before")
	}
	s.shard, s.run = r.Shard, cmp.Or(s.run, r.Continues, r.RunID)
	s.Records++
	auto := func(id string) bool { return strings.HasPrefix(id, r.RunID+"-") && r.RunID != "" }
	if s.sessions {
		id := cmp.Or(r.Session, r.ID)
		if auto(id) {
			id = strings.TrimPrefix(id, r.RunID)
		}
		if s.byID[id]++; r.Session != "" {
			s.byID[id] = 1 // session names are unique
			s.turns[id] = r.Turns
		}
		return nil
	}
	for int64(len(s.ids)) <= r.Seq {
		s.ids = append(s.ids, 0)
	}
	if s.ids[r.Seq] != 0 {
		return fmt.Errorf("seq %d is there twice: it is more than one run", r.Seq)
	}
	s.ids[r.Seq] = autoID
	if !auto(r.ID) {
		s.ids[r.Seq] = hash(r.ID)
	}
	return nil
}

// hash returns a number above autoID.
func hash(id string) uint32 {
	h := fnv.New32a()
	io.WriteString(h, id)
	return max(h.Sum32(), autoID+1)
}

// has reports whether the request of a line of the input, counted from 0, was sent.
func (s *Sent) has(line int64, req *load.Request) (bool, error) {
	if s.sessions {
		id := req.ID
		if id == "" {
			id = "-" + strconv.FormatInt(line, 10)
		}
		if s.byID[id] == 0 {
			return false, nil
		}
		if n := s.turns[id]; req.Whole != nil && n != req.Whole.Len() {
			return false, s.otherInput(req, "the session has %d requests, and %d in %s", req.Whole.Len(), n, s.path)
		}
		s.byID[id]--
		return true, nil
	}
	if line >= int64(len(s.ids)) || s.ids[line] == 0 {
		return false, nil
	}
	want := uint32(autoID)
	if req.ID != "" {
		want = hash(req.ID)
	}
	if s.ids[line] != want {
		return false, s.otherInput(req, "custom_id %q is not that of request %d in %s", req.ID, line, s.path)
	}
	return true, nil
}

// otherInput returns the error of a request that is not the one that was sent.
func (s *Sent) otherInput(req *load.Request, format string, args ...any) error {
	err := fault.Of("", "other-input", format+": it is another input", args...)
	return &load.SourceError{Source: req.Source.String(), Err: err}
}

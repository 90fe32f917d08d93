package stats

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/gob"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/group"
	"perfpipe/internal/ledger"
	"perfpipe/internal/metric"

	"github.com/goccy/go-json"
	"github.com/klauspost/compress/zstd"
)

// groupState is the state of an accumulator. It has no maps, so that gob encodes it deterministically. Elements of
// lists carry their name, so that later versions may add elements or reorder them; an unknown name is an error.
type groupState struct {
	By, Goodput []string // options that must be the same when the state is merged
	Warmup      bool     // likewise
	LeaveOut    bool     // likewise: requests in pauses are left out

	Name, RunID    string
	Facts          []factState
	Rate           float64 // requests/s
	Slots, Asked   int
	Dists          []dist.State
	Client         []dist.State // distributions of Client
	Chunks, Joined int64        // of Client
	Pieces         pieces
	ClientTimes    clientTimes
	Conns          transported
	Paused         pausedState // of Client
	LeftOut        pausedState
	Flights        flightState
	Sessions       sessionsState
	Depths         []depthState
	IDs            idsState
	Series         seriesState
	Ledger         ledger.State
	Sums           []sumState
	Errors         []ErrorCount
	Finish         []reasonCount
}

type factState struct {
	Name   string
	Values []string
}

type sumState struct {
	Name string
	N    int64
}

type reasonCount struct {
	Reason string
	Count  int64
}

type flightState struct {
	Starts, Ends       []byte // packed, µs
	N, FirstUs, LastUs int64
	Level              int
	Bins               []binState // the non-empty bins
	Spans              []spanState
}

type binState struct {
	Index           int64
	Starts, StartUs int64
	Ends, EndUs     int64
	OK              int64
	Output, Input   int64
	Dues            int64
}

type spanState struct {
	RunID, Run string
	From, To   int64 // µs since the epoch
}

func (f *flights) state() flightState {
	slices.Sort(f.starts)
	slices.Sort(f.ends)
	s := flightState{
		Starts: dist.Pack(slices.Values(f.starts)), Ends: dist.Pack(slices.Values(f.ends)),
		N: f.n, FirstUs: f.firstUs, LastUs: f.lastUs, Level: f.time.level,
	}
	for _, at := range f.time.stretches() {
		if b := at.bin; b != (bin{}) {
			s.Bins = append(s.Bins, binState{at.first, b.starts, b.startUs, b.ends, b.endUs, b.ok, b.output, b.input, b.dues})
		}
	}
	for p, i := range f.spans {
		s.Spans = append(s.Spans, spanState{p.runID, p.run, i.from, i.to})
	}
	slices.SortFunc(s.Spans, func(a, b spanState) int {
		return cmp.Or(cmp.Compare(a.RunID, b.RunID), cmp.Compare(a.Run, b.Run))
	})
	return s
}

func (s *flightState) restore() (*flights, error) {
	f := &flights{limit: math.MaxInt64, n: s.N, firstUs: s.FirstUs, lastUs: s.LastUs}
	var errStarts, errEnds error
	f.starts, errStarts = dist.Unpack(s.Starts)
	f.ends, errEnds = dist.Unpack(s.Ends)
	if errStarts != nil || errEnds != nil || len(f.starts) != len(f.ends) || s.Level < 0 || s.Level > 40 ||
		len(s.Bins) > maxPages*pageBins || len(s.Spans) > maxSpans {
		return nil, dist.ErrState
	}
	f.time = timeline{level: s.Level}
	for _, b := range s.Bins {
		if b.Index < 0 || b.Index > 1<<60/f.time.width() {
			return nil, dist.ErrState
		}
		to := &f.time.page(b.Index >> binsBits).bins[b.Index%pageBins]
		*to = bin{b.Starts, b.StartUs, b.Ends, b.EndUs, b.OK, b.Output, b.Input, b.Dues}
		if f.time.level != s.Level {
			return nil, dist.ErrState // it coarsened: the state has too many pages
		}
	}
	for _, p := range s.Spans {
		*f.of(loadPoint{p.RunID, p.Run}) = interval{p.From, p.To}
	}
	return f, nil
}

func (opt *Options) names() (by, goodput []string) {
	for _, k := range opt.By {
		by = append(by, k.Name)
	}
	for _, l := range opt.Goodput {
		goodput = append(goodput, l.Text)
	}
	return by, goodput
}

// state encodes the group as base64 of zstd of gob. Options.restore decodes it.
func (g *accumulator) state(opt *Options) (string, error) {
	s := groupState{
		Warmup: opt.Warmup, LeaveOut: opt.ExcludePauses, Name: string(g.Name), RunID: g.RunID,
		Rate: g.rate, Slots: g.slots, Asked: g.asked,
		Flights: g.flights.state(), Sessions: g.sessions.state(), Depths: g.depths.state(), IDs: g.ids.state(),
		Series: g.series.state(),
		Ledger: g.ledger.State(),
		Errors: g.sortedErrors(),
	}
	s.By, s.Goodput = opt.names()
	for i, name := range factNames() {
		s.Facts = append(s.Facts, factState{name, g.facts[i].sorted()})
	}
	for i := range g.dists {
		s.Dists = append(s.Dists, g.dists[i].State(metric.All()[i].Key))
	}
	for i, d := range g.client.dists() {
		s.Client = append(s.Client, d.State(clientDists()[i]))
	}
	s.Paused, s.LeftOut = g.client.paused.state(), g.leftOut.state()
	s.Chunks, s.Joined, s.ClientTimes, s.Conns = g.client.chunks, g.client.joined, g.client.times, g.client.conns
	s.Pieces = g.client.pieces
	for _, n := range g.sums() {
		s.Sums = append(s.Sums, sumState{n.name, *n.n})
	}
	for _, reason := range slices.Sorted(maps.Keys(g.finish)) {
		s.Finish = append(s.Finish, reasonCount{reason, *g.finish[reason]})
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&s); err != nil {
		return "", err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(enc.EncodeAll(b.Bytes(), nil)), nil
}

// restore decodes a state, which must agree with the options.
func (opt *Options) restore(text string) (*accumulator, error) {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, dist.ErrState
	}
	dec, err := zstd.NewReader(bytes.NewReader(packed),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxState))
	if err != nil {
		return nil, dist.ErrState
	}
	defer dec.Close()
	var s groupState
	if err := gob.NewDecoder(dec).Decode(&s); err != nil {
		return nil, dist.ErrState
	}
	by, goodput := opt.names()
	switch {
	case !slices.Equal(by, s.By):
		return nil, cannotMerge("summary-by", "the summary is one by %s, not by %s",
			strings.Join(s.By, ","), strings.Join(by, ","))
	case !slices.Equal(goodput, s.Goodput):
		return nil, cannotMerge("summary-goodput", "the summary's goodput is by %q, not by %q", s.Goodput, goodput)
	case opt.Warmup != s.Warmup:
		return nil, cannotMerge("summary-warmup", "the summary and this run do not agree on whether warm-up counts")
	case opt.ExcludePauses != s.LeaveOut:
		return nil, cannotMerge("summary-pauses", "the summary and this run do not agree on whether pauses count")
	}
	return s.group(opt)
}

// group returns the accumulator whose state is s.
func (s *groupState) group(opt *Options) (*accumulator, error) {
	g := newAccumulator(group.ID{Name: group.Name(s.Name), RunID: s.RunID}, opt)
	g.rate, g.slots, g.asked = s.Rate, s.Slots, s.Asked
	if err := s.lists(g); err != nil {
		return nil, err
	}
	g.client.chunks, g.client.joined, g.client.times, g.client.conns = s.Chunks, s.Joined, s.ClientTimes, s.Conns
	g.client.pieces = s.Pieces
	var err error
	if g.client.paused, err = s.Paused.restore(); err != nil {
		return nil, err
	}
	if g.leftOut, err = s.LeftOut.restore(); err != nil {
		return nil, err
	}
	f, err := s.Flights.restore()
	if err != nil {
		return nil, err
	}
	g.flights.merge(f)
	conversations, err := s.Sessions.restore()
	if err != nil {
		return nil, err
	}
	g.sessions.merge(conversations)
	byDepth, err := restoreDepths(s.Depths, opt.ExactLimit)
	if err != nil {
		return nil, err
	}
	g.depths.merge(byDepth)
	seen, err := s.IDs.restore()
	if err != nil {
		return nil, err
	}
	g.ids.merge(seen)
	values, err := s.Series.restore()
	if err != nil {
		return nil, err
	}
	g.series.merge(values)
	accounts, ok := s.Ledger.Restore()
	if !ok {
		return nil, dist.ErrState
	}
	g.ledger.Merge(accounts)
	for _, e := range s.Errors {
		g.addErrors(e)
	}
	for _, r := range s.Finish {
		g.finished(r.Reason, r.Count)
	}
	return g, nil
}

// lists restores the lists with named elements.
func (s *groupState) lists(g *accumulator) error {
	unknown := func(what, name string) error {
		return fmt.Errorf("the summary has an unknown %s %q: it is of another version", what, name)
	}
	facts := factNames()
	for _, f := range s.Facts {
		i := slices.Index(facts[:], f.Name)
		if i < 0 {
			return unknown("fact", f.Name)
		}
		for _, v := range f.Values {
			g.facts[i].add(v)
		}
	}
	for _, d := range s.Dists {
		i := slices.Index(metric.Keys(), d.Name)
		if i < 0 {
			return unknown("distribution", d.Name)
		}
		if err := g.dists[i].Restore(d); err != nil {
			return err
		}
	}
	client := clientDists()
	for _, d := range s.Client {
		i := slices.Index(client[:], d.Name)
		if i < 0 {
			return unknown("measure of the client", d.Name)
		}
		if err := g.client.dists()[i].Restore(d); err != nil {
			return err
		}
	}
	sums := g.sums()
	for _, n := range s.Sums {
		i := slices.IndexFunc(sums, func(have sum) bool { return have.name == n.Name })
		if i < 0 {
			return unknown("count", n.Name)
		}
		*sums[i].n = n.N
	}
	return nil
}

// clientDists returns the names of Client.dists in states.
func clientDists() [2]string { return [2]string{"lag", "cpu"} }

// maxState limits the size of a decompressed state, in bytes.
const maxState = 1 << 30

// States sets the State of every block of s, so that summaries can be merged without their records.
func (c *Collector) States(s *Summary) error {
	for i, g := range c.sorted() {
		state, err := g.state(&c.opt)
		if err != nil {
			return err
		}
		s.Blocks[i].State = state
	}
	return nil
}

// formerFormat is Format under the project's former name. It is still read.
const formerFormat = "llmperf-summary/2"

// isSummary reports whether a line is a summary rather than a record.
func isSummary(line []byte) bool {
	return bytes.HasPrefix(line, []byte(`{"format":"perfpipe-summary/`)) ||
		bytes.HasPrefix(line, []byte(`{"format":"llmperf-summary/`))
}

// addSummary adds the groups of a summary line.
func (c *Collector) addSummary(line []byte) error {
	var doc struct {
		Format string `json:"format"`
		Blocks []struct {
			State string `json:"state"`
		} `json:"blocks"`
	}
	if err := json.Unmarshal(line, &doc); err != nil {
		return fmt.Errorf("not a summary: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if doc.Format != format && doc.Format != formerFormat {
		return fmt.Errorf(
			"a summary of the format %s, whose state this version, of %s, does not read: summarize its records anew",
			doc.Format, format)
	}
	for _, b := range doc.Blocks {
		if b.State == "" {
			return cannotMerge("summary-state", "the summary has no state to be merged by")
		}
		g, err := c.opt.restore(b.State)
		if err != nil {
			return err
		}
		c.group(g.ID).merge(g)
	}
	return nil
}

// Package evalscope writes the result files of "evalscope perf" from records, and reads them again.
//
// Each load point gets a folder with benchmark_summary.json, benchmark_percentile.json, benchmark_data.db,
// workload_throughput.json, workload_timeline.json and, if it has conversations, trace_summary.json. Names, definitions
// and rounding are evalscope's, so that scripts made for its files read these.
package evalscope

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/fault"
	"perfpipe/internal/group"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// The files of a load point.
const (
	summaryFile    = "benchmark_summary.json"
	percentileFile = "benchmark_percentile.json"
	databaseFile   = "benchmark_data.db"
	traceFile      = "trace_summary.json"
	throughputFile = "workload_throughput.json"
	timelineFile   = "workload_timeline.json"
)

// openLoop is the mode of records whose requests had no limit.
const openLoop = "open"

// Options select what an Export writes, and where.
type Options struct {
	Dir    string      // of the folders of the load points
	By     []group.Key // what makes a load point, as Keys returns it
	Warmup bool        // count warm-up records too
	PD     bool        // add the figures of evalscope's --enable-pd-metrics

	Create func(path string) error              // creates an empty file for a database, whose records may hold prompts
	Write  func(path string, text []byte) error // writes a complete file, and the folder that it is in
}

// Keys returns the keys that make a load point for evalscope: by default each one of each run has a folder.
func Keys(by []group.Key) []group.Key {
	if group.ByRun(by) {
		return append(by[:1:1], group.RunID())
	}
	return by
}

// Export collects the figures of evalscope that package stats does not have.
type Export struct {
	opt    Options
	points loadPoints
	dbs    databases
}

// New returns an Export of no records.
func New(opt Options) *Export {
	return &Export{
		opt:    opt,
		points: loadPoints{pd: opt.PD, groups: map[string]*loadPoint{}},
		dbs:    databases{opt: opt, open: map[string]*database{}},
	}
}

// Add adds a record. Several goroutines may call it.
func (e *Export) Add(r *record.Record) {
	if r.Phase == record.PhaseWarmup && !e.opt.Warmup {
		return
	}
	group := group.NameOf(e.opt.By, r, "").String() // the groupName of its block
	e.dbs.add(group, r)
	e.points.add(group, r)
}

// Write writes the files of all load points of a summary, which must be of the same records and keys.
func (e *Export) Write(s *stats.Summary) error {
	seen := map[string]int{} // a sweep may have the same level twice
	for i := range s.Blocks {
		b := &s.Blocks[i]
		group := groupName(b)
		p := e.points.groups[group]
		if p == nil {
			continue // nothing but warm-up
		}
		dir := filepath.Join(e.opt.Dir, p.dir(b))
		if seen[dir]++; seen[dir] > 1 {
			dir += fmt.Sprintf("_%d", seen[dir])
		}
		if err := e.writePoint(dir, p, b); err != nil {
			return err
		}
		if err := e.dbs.commit(group, dir); err != nil {
			return fault.Fail("", "%s: %w", filepath.Join(dir, databaseFile), err)
		}
	}
	return nil
}

// Abort removes the databases that Write did not complete.
func (e *Export) Abort() { e.dbs.abort() }

// groupName joins the values of a group as group.Name does.
func groupName(b *stats.Block) string {
	values := make([]string, len(b.Group))
	for i, v := range b.Group {
		values[i] = v.Value
	}
	return strings.Join(values, ", ")
}

// dir returns the folder of a load point. That of a closed loop is named by its parallel even if it has a rate.
func (p *loadPoint) dir(b *stats.Block) string {
	number := p.count(b.Requests)
	if b.Parallel == 0 && (b.Rate > 0 || b.Mode == openLoop) {
		return fmt.Sprintf("rate_%s_number_%d", formatFloat(float64(rate(b))), number)
	}
	return fmt.Sprintf("parallel_%d_number_%d", max(1, b.Parallel), number)
}

// writePoint writes the JSON files of a load point.
func (e *Export) writePoint(dir string, p *loadPoint, b *stats.Block) error {
	files := object{{summaryFile, p.summary(b)}, {percentileFile, p.percentiles()}}
	if len(p.sessions) > 0 {
		files = append(files, member{traceFile, p.traces()})
	}
	if len(p.served) > 0 {
		throughput, timeline := p.workload()
		files = append(files, member{throughputFile, throughput}, member{timelineFile, timeline})
	}
	for _, f := range files {
		text, err := json.MarshalIndent(f.value, "", "    ")
		if err != nil {
			return err
		}
		if err := e.opt.Write(filepath.Join(dir, f.key), text); err != nil {
			return err
		}
	}
	return nil
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	return jsonl.Object(len(o), func(i int) (string, any) { return o[i].key, o[i].value })
}

// Package facts describes a run as a whole, beside its records: what was run where, when, and how it ended. It also
// lays out the folder in which a run keeps its files.
package facts

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/visible"
)

// Format identifies files of facts and their version.
const Format = "perf-send-facts/1"

// Facts are the facts of one run. perf-send adds keys to the file for what only some runs have, such as the result of a
// search; Read ignores them.
type Facts struct {
	Format      string           `json:"format"`
	RunID       string           `json:"run_id,omitempty"`
	Continues   string           `json:"continues,omitempty"` // run_id of the first part of a run that was resumed
	Shard       string           `json:"shard,omitempty"`
	Command     []string         `json:"command"` // secrets masked
	Version     string           `json:"version"`
	Host        string           `json:"host,omitempty"`
	System      string           `json:"system"` // operating system, architecture and kernel
	CPUs        int              `json:"cpus"`   // CPUs that perf-send may use
	Started     time.Time        `json:"started"`
	Ended       time.Time        `json:"ended"`
	Interrupted bool             `json:"interrupted,omitempty"` // by a signal
	Requests    int64            `json:"requests"`              // that have a record, including those of the warm-up
	OK          int64            `json:"ok"`
	Failed      int64            `json:"failed"`
	Errors      map[string]int64 `json:"errors,omitempty"` // by kind
	Verdict     string           `json:"verdict,omitempty"`
	Reason      string           `json:"reason,omitempty"` // of the verdict
}

// Read reads a file of facts.
func Read(path string) (*Facts, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := new(Facts)
	if err := json.Unmarshal(b, f); err != nil {
		return nil, fmt.Errorf("%s: not the facts of a run: %w", path, err)
	}
	if f.Format != Format {
		return nil, fmt.Errorf("%s: not the facts of a run: format %q, want %q", path, f.Format, Format)
	}
	return f, nil
}

// Rows returns the facts for people: pairs of a name and a value. Facts that are not known are left out.
func (f *Facts) Rows() [][2]string {
	var rows [][2]string
	row := func(name, value string) {
		if value != "" {
			rows = append(rows, [2]string{name, value})
		}
	}
	row("command", visible.Shell(f.Command...))
	row("version", f.Version)
	row("host", strings.TrimPrefix(fmt.Sprintf("%s, %s, %d CPUs", f.Host, f.System, f.CPUs), ", "))
	if !f.Started.IsZero() {
		took := f.Ended.Sub(f.Started)
		row("time", fmt.Sprintf("%s, %v", f.Started.Format(time.RFC3339), took.Round(time.Millisecond*100)))
	}
	if f.Interrupted {
		row("end", "interrupted")
	}
	row("requests", f.requests())
	verdict := f.Verdict
	if f.Reason != "" {
		verdict += ": " + f.Reason
	}
	row("load generator", verdict)
	return rows
}

func (f *Facts) requests() string {
	if f.Failed == 0 {
		return fmt.Sprintf("%d, all ok", f.Requests)
	}
	kinds := slices.SortedFunc(maps.Keys(f.Errors), func(a, b string) int {
		return cmp.Or(cmp.Compare(f.Errors[b], f.Errors[a]), strings.Compare(a, b))
	})
	for i, k := range kinds {
		kinds[i] = fmt.Sprintf("%s %d", k, f.Errors[k])
	}
	return fmt.Sprintf("%d: %d ok, %d failed (%s)", f.Requests, f.OK, f.Failed, strings.Join(kinds, ", "))
}

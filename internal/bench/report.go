package bench

import (
	"errors"
	"time"

	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/launch"
	"perfpipe/internal/load"
	"perfpipe/internal/search"
	"perfpipe/internal/shard"
	"perfpipe/internal/stats"
	"perfpipe/internal/tally"
)

// report describes a run as a whole. Its JSON is the file of facts.
type report struct {
	facts.Facts
	Server *serverFacts   `json:"server,omitempty"` // that was started here
	Search *searchFacts   `json:"search,omitempty"`
	Knee   *search.Ladder `json:"knee,omitempty"`
	Clock  *shard.Clock   `json:"clock,omitempty"`
}

type serverFacts struct {
	API   string `json:"api"`
	Model string `json:"model"`
	Log   string `json:"log"`
	launch.Memory
}

// searchFacts is the verdict of a search.
type searchFacts struct {
	What string   `json:"what"` // parallel or rate
	SLO  []string `json:"slo"`
	search.Result
	Trusted bool `json:"trusted"`
}

// begin records what is known before the load.
func (r *report) begin(f facts.Facts, part load.Shard) {
	r.Facts = f
	r.Shard = part.String()
}

// end records how the run ended.
func (r *report) end(t *tally.Tally, v stats.Verdict, err error) {
	r.Ended = time.Now()
	r.Interrupted = errors.Is(err, fault.ErrInterrupted)
	r.OK, r.Failed = t.Counts()
	r.Requests, r.Errors = r.OK+r.Failed, t.Errors()
	r.Verdict, r.Reason = v.Level, v.Reason
}

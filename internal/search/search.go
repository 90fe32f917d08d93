// Package search finds the load that a server can sustain. It chooses each load point by the results of earlier ones,
// and ends load points early whose result is already decided.
//
// A level is a load: a number of concurrent requests or a rate in requests/s. Find searches for the highest level that
// passes, by probes whose outcome is uncertain. Load runs load points as probes: its method Capacity finds the highest
// level that meets an SLO, and Knee finds the rate with the best ratio of throughput to response time. Limits end a
// load point with too many errors or a growing backlog.
//
// The package exports many names because verdicts and causes are enumerations, of three values each.
package search

import (
	"fmt"
	"math"
	"slices"
)

// Options configures a search.
type Options struct {
	Start     float64 // the first level
	Min, Max  float64 // bounds of the levels
	Whole     bool    // levels are whole numbers
	Precision float64 // relative distance of the highest passing and the lowest failing level at which the search ends
	Runs      int     // maximum number of probes per level while it is undecided
}

// Level is the final judgment of one level.
type Level struct {
	Level   float64 `json:"level"`
	Runs    int     `json:"runs"` // number of probes
	Verdict Verdict `json:"verdict"`
}

// Result is the result of a search.
type Result struct {
	Best   float64  `json:"best"`            // highest level that passes; 0: none
	Next   float64  `json:"next,omitempty"`  // lowest tried level above Best that does not pass; 0: none
	Fails  float64  `json:"fails,omitempty"` // lowest tried level above Best that fails; 0: none
	Levels []Level  `json:"levels"`          // sorted by level
	Doubts []string `json:"doubts"`          // reasons not to trust the result
	Limit  string   `json:"limit,omitempty"` // why the search could not bracket the answer; empty if it could
}

// Probe runs a level once more and judges it by all of its runs so far.
type Probe func(level float64) (Verdict, error)

// Find searches for the highest level that passes. From Start, it doubles the level until one does not pass, or halves
// it until one passes, and then bisects. A level that stays undecided does not pass.
//
// Find then tries the answer once more. It also tries levels whose outcome is certain if the server only gets worse
// with load: two well below the answer, and one at twice the lowest level that does not pass. An unexpected outcome is
// a doubt in the result. If the probe returns an error, Find returns it with the result so far.
func Find(opt Options, probe Probe) (Result, error) {
	opt.Max = max(opt.Max, opt.Min)
	s := &state{opt: opt, probe: probe}
	err := s.run()
	return s.result(), err
}

// state is the state of a search.
type state struct {
	opt    Options
	probe  Probe
	levels []Level // sorted by level
	doubts []string
}

// run brackets and bisects until the answer is confirmed, and then checks it.
func (s *state) run() error {
	if err := s.bracket(); err != nil {
		return err
	}
	for confirmed := 0.0; ; {
		if err := s.bisect(); err != nil {
			return err
		}
		best, _ := s.bounds()
		if best == 0 {
			return nil
		}
		if best == confirmed {
			break
		}
		confirmed = best
		if v, err := s.judge(best); err != nil {
			return err
		} else if v == Fail {
			s.doubts = append(s.doubts, fmt.Sprintf("%v passed, and did not when it was tried again", best))
		}
	}
	return s.check()
}

// bracket finds a level that passes and one that does not, if both exist.
func (s *state) bracket() error {
	at := s.fit(s.opt.Start)
	v, err := s.decide(at)
	for err == nil && v == Pass && at < s.opt.Max {
		at = s.fit(at * 2)
		v, err = s.decide(at)
	}
	for err == nil && v != Pass && at > s.opt.Min {
		if best, _ := s.bounds(); best > 0 {
			break
		}
		at = s.fit(at / 2)
		v, err = s.decide(at)
	}
	return err
}

// bisect halves the distance of the bounds until it is within the precision.
func (s *state) bisect() error {
	for {
		lo, hi := s.bounds()
		if lo == 0 || hi == 0 || hi-lo <= lo*s.opt.Precision {
			return nil
		}
		mid := s.fit((lo + hi) / 2)
		if mid <= lo || mid >= hi {
			return nil
		}
		if _, err := s.decide(mid); err != nil {
			return err
		}
	}
}

// check tries levels whose results would contradict the answer.
func (s *state) check() error {
	best, next := s.bounds()
	for _, level := range s.gaps(best) {
		v, err := s.decide(level)
		if err != nil {
			return err
		}
		if v == Fail {
			s.doubts = append(s.doubts, fmt.Sprintf("%v fails although %v passes: %s", level, best, surprise))
		}
	}
	if above := s.fit(next * 2); next > 0 && above > next {
		v, err := s.decide(above)
		if err != nil {
			return err
		}
		if v == Pass {
			s.doubts = append(s.doubts, fmt.Sprintf("%v passes although %v does not: %s", above, next, surprise))
		}
	}
	return nil
}

const surprise = "the server does not simply get worse with load"

// gaps returns the midpoints of the two highest gaps below best that the doubling left.
func (s *state) gaps(best float64) (list []float64) {
	for i := len(s.levels) - 1; i > 0 && len(list) < 2; i-- {
		lo, hi := s.levels[i-1].Level, s.levels[i].Level
		if mid := s.fit((lo + hi) / 2); hi <= best && hi > lo*1.5 && mid > lo && mid < hi {
			list = append(list, mid)
		}
	}
	return list
}

// fit rounds a level and clamps it to the bounds of the search.
func (s *state) fit(level float64) float64 {
	if s.opt.Whole {
		level = math.Round(level)
	} else if level > 0 { // four significant digits
		unit := math.Pow(10, math.Floor(math.Log10(level))-3)
		level = math.Round(level/unit) * unit
	}
	return min(max(level, s.opt.Min), s.opt.Max)
}

// decide returns the verdict of a level, which it judges if it is new.
func (s *state) decide(level float64) (Verdict, error) {
	if l := s.at(level); l != nil {
		return l.Verdict, nil
	}
	return s.judge(level)
}

// judge probes a level once, and again until its verdict is not Unsure, or up to the maximum number of runs.
func (s *state) judge(level float64) (v Verdict, err error) {
	for v, err = s.try(level); err == nil && v == Unsure && s.at(level).Runs < s.opt.Runs; {
		v, err = s.try(level)
	}
	return v, err
}

// at returns the entry of a level, or nil if it was not probed.
func (s *state) at(level float64) *Level {
	i := slices.IndexFunc(s.levels, func(l Level) bool { return l.Level == level })
	if i < 0 {
		return nil
	}
	return &s.levels[i]
}

// try probes a level once and stores the verdict.
func (s *state) try(level float64) (Verdict, error) {
	v, err := s.probe(level)
	if err != nil {
		return v, err
	}
	l := s.at(level)
	if l == nil {
		i, _ := slices.BinarySearchFunc(s.levels, level, func(l Level, to float64) int {
			return int(math.Copysign(1, l.Level-to))
		})
		s.levels = slices.Insert(s.levels, i, Level{Level: level})
		l = &s.levels[i]
	}
	l.Runs++
	l.Verdict = v
	return v, nil
}

// bounds returns the lowest level hi that does not pass, and the highest level lo below it, which passes. Either is 0
// if there is none.
func (s *state) bounds() (lo, hi float64) {
	for _, l := range s.levels {
		if l.Verdict != Pass {
			return lo, l.Level
		}
		lo = l.Level
	}
	return lo, 0
}

// wide is the relative distance of a passing and a failing level above which the levels between are a doubt.
const wide = 0.1

// result returns the result of the levels so far.
func (s *state) result() Result {
	r := Result{Levels: slices.Clone(s.levels), Doubts: append([]string{}, s.doubts...)}
	r.Best, r.Next = s.bounds()
	for _, l := range s.levels {
		if l.Verdict == Fail && l.Level > r.Best {
			r.Fails = l.Level
			break
		}
	}
	switch {
	case r.Undecided():
		r.Limit = fmt.Sprintf("%v stays undecided after %d runs", r.Levels[0].Level, r.Levels[0].Runs)
	case r.Best == 0 && len(r.Levels) > 0:
		r.Limit = fmt.Sprintf("not even %v passes", r.Levels[0].Level)
	case r.Next == 0:
		r.Limit = fmt.Sprintf("%v is the highest that may be tried", r.Best)
	case r.Fails == 0 || r.Fails > r.Best*(1+wide) && r.Fails > r.Next:
		r.Doubts = append(r.Doubts, fmt.Sprintf("levels from %v on stay undecided after %d runs each", r.Next, s.opt.Runs))
	}
	return r
}

// Undecided reports whether no level passes because not even the lowest one could be judged.
func (r *Result) Undecided() bool {
	return r.Best == 0 && len(r.Levels) > 0 && r.Levels[0].Verdict == Unsure
}

// Describe returns the findings for a user, one line each. what is the name of the level, parallel or rate.
func (r *Result) Describe(what string, slo *SLO) []string {
	var lines []string
	switch {
	case r.Best == 0:
		lines = append(lines, fmt.Sprintf("%s (%s)", r.Limit, slo))
	case r.Limit != "":
		lines = append(lines, fmt.Sprintf("%s=%v meets %s, and %s", what, r.Best, slo, r.Limit))
	case r.Fails > 0:
		lines = append(lines, fmt.Sprintf("%s=%v is the highest that meets %s; %v fails", what, r.Best, slo, r.Fails))
	default:
		lines = append(lines, fmt.Sprintf("%s=%v is the highest that meets %s", what, r.Best, slo))
	}
	for _, d := range r.Doubts {
		lines = append(lines, "do not trust this: "+d)
	}
	return lines
}

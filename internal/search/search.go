// Package search chooses load points by the results of earlier ones, and ends load points early.
//
// Find is the bare search for the highest level that passes, by probes whose outcome is uncertain. Load runs load
// points for it: Capacity finds the highest level that meets an SLO, Knee the rate with the most throughput for its
// response time. Limits end a load point whose errors or backlog decide its result before its time.
package search

import (
	"fmt"
	"math"
	"slices"
)

// Options describe a search.
type Options struct {
	Start     float64 // the first level
	Min, Max  float64
	Whole     bool    // levels are whole numbers
	Precision float64 // the search ends when a passing and a failing level are this share apart
	Runs      int     // limit of probes of a level
}

// Level is the final judgement of one level.
type Level struct {
	Level   float64 `json:"level"`
	Runs    int     `json:"runs"`
	Verdict Verdict `json:"verdict"`
}

// Result is the result of a search.
type Result struct {
	Best   float64  `json:"best"`            // the highest level that passes; 0: none
	Next   float64  `json:"next,omitempty"`  // the lowest known level above it that does not pass; 0: none
	Fails  float64  `json:"fails,omitempty"` // the lowest known level above it that surely fails; 0: none
	Levels []Level  `json:"levels"`          // sorted
	Doubts []string `json:"doubts"`          // why not to trust the result
	Limit  string   `json:"limit,omitempty"` // why there is nothing above Best
}

// Probe runs a level once more and judges it by all its runs.
type Probe func(level float64) (Verdict, error)

// Find searches for the highest level that passes. From Start it doubles until a level fails, or halves until one
// passes, and then bisects. A level that stays undecided does not pass. Then it tries the answer once more, and also
// levels that hold no surprise if the server only gets worse with load: two well below the answer and one at twice the
// level that fails. The error is that of the probe; the result is then what is known so far.
func Find(opt Options, probe Probe) (Result, error) {
	s := &state{opt: opt, probe: probe}
	err := s.run()
	return s.result(), err
}

type state struct {
	opt    Options
	probe  Probe
	levels []Level // sorted
	doubts []string
}

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
		if v, err := s.try(best); err != nil {
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

// bisect narrows the bounds to the precision.
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

// gaps returns the middles of the two doubling steps next below best.
func (s *state) gaps(best float64) (list []float64) {
	for i := len(s.levels) - 1; i > 0 && len(list) < 2; i-- {
		lo, hi := s.levels[i-1].Level, s.levels[i].Level
		if mid := s.fit((lo + hi) / 2); hi <= best && hi > lo*1.5 && mid > lo && mid < hi {
			list = append(list, mid)
		}
	}
	return list
}

// fit rounds a level and moves it into the bounds.
func (s *state) fit(level float64) float64 {
	if s.opt.Whole {
		level = math.Round(level)
	} else if level > 0 { // four significant digits
		unit := math.Pow(10, math.Floor(math.Log10(level))-3)
		level = math.Round(level/unit) * unit
	}
	return min(max(level, s.opt.Min), s.opt.Max)
}

// decide tries a level until it is decided, or up to the limit of runs.
func (s *state) decide(level float64) (v Verdict, err error) {
	if l := s.at(level); l != nil {
		return l.Verdict, nil
	}
	for run := 0; run < max(1, s.opt.Runs) && v == Unsure; run++ {
		if v, err = s.try(level); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (s *state) at(level float64) *Level {
	i := slices.IndexFunc(s.levels, func(l Level) bool { return l.Level == level })
	if i < 0 {
		return nil
	}
	return &s.levels[i]
}

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

// bounds returns the lowest level that does not pass, and the highest below it that passes; 0: there is none.
func (s *state) bounds() (lo, hi float64) {
	for _, l := range s.levels {
		if l.Verdict != Pass {
			return lo, l.Level
		}
		lo = l.Level
	}
	return lo, 0
}

// wide is the largest share by which a passing and a failing level may differ without a doubt.
const wide = 0.1

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
	case r.Best == 0 && len(s.levels) > 0:
		r.Limit = fmt.Sprintf("not even %v passes", s.levels[0].Level)
	case r.Next == 0:
		r.Limit = fmt.Sprintf("%v is the highest that may be tried", r.Best)
	case r.Fails == 0 || r.Fails > r.Best*(1+wide) && r.Fails > r.Next:
		r.Doubts = append(r.Doubts, fmt.Sprintf("levels from %v on stay undecided after %d runs each", r.Next, s.opt.Runs))
	}
	return r
}

// Describe returns the findings about what, parallel or rate, a line each.
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

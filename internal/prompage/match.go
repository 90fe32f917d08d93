package prompage

import (
	"regexp"
	"strings"
)

// Matching returns a function that reports whether a series has a name, or a name with labels, that an expression
// matches. A histogram also has the names that end in _bucket, _sum and _count. The times at which series were created,
// which end in _created, must be asked for.
func Matching(expr string) (func(*Series) bool, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	created := strings.Contains(expr, "created")
	return func(s *Series) bool {
		if !created && strings.HasSuffix(s.Name, "_created") {
			return false
		}
		if re.MatchString(s.Text()) {
			return true
		}
		return s.Type == Histogram && (re.MatchString(s.Name+"_bucket") || re.MatchString(s.Name+"_sum") ||
			re.MatchString(s.Name+"_count"))
	}, nil
}

// Series returns all series of the log, in the order in which they appeared.
func (l *Log) Series() []*Series {
	out := make([]*Series, len(l.tracks))
	for i, t := range l.tracks {
		out[i] = &t.Series
	}
	return out
}

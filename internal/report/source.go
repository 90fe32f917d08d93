package report

import (
	"context"
	"io"
	"path/filepath"
	"runtime"
	"strings"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// Source is the data of the records of one file, or of stdin.
type Source struct {
	File     string      // - is stdin
	Skipped  int64       // lines that are not records
	FirstBad error       // the first of them
	Damage   error       // of compressed data, of which what could be read counts; nil if there is none
	Facts    [][2]string // of the run as a whole; nil if unknown

	name     string // in legends
	from, to int64  // the time of the figures in µs; it begins when the first request was due
	stats    *stats.Collector
	*gathered
}

// exactLimit is the number of values up to which a distribution is exact. A page has many distributions, and beyond
// this number the error of a sketch is far below a pixel.
const exactLimit = 1 << 14

// Read collects the records of r. It sets the percentiles and the limits of memory of opt itself. If skip is set, lines
// that are not records are counted; otherwise they are errors.
func Read(ctx context.Context, r io.Reader, file, name string, opt stats.Options, skip bool) (*Source, error) {
	opt.Percentiles, opt.ExactLimit, opt.Intervals = curvePercentiles(), exactLimit, true
	stream := stats.NewStream(opt, min(2, runtime.GOMAXPROCS(0)), skip)
	var parts []*gathered
	stream.Also(func() func(*record.Record) {
		g := newGathered()
		parts = append(parts, g)
		return g.add
	})
	damage := stream.Read(ctx, r, name)
	if damage != nil && !jsonl.Damaged(damage) {
		return nil, damage
	}
	for _, g := range parts[1:] {
		parts[0].merge(g)
	}
	s := &Source{File: file, Damage: damage, stats: stream.Collector(), gathered: parts[0]}
	s.Skipped, s.FirstBad = stream.Skipped()
	_, from, width := s.course.Bins(1)
	s.from, s.to = from, from+width
	return s, nil
}

// Empty reports whether the file has no records.
func (s *Source) Empty() bool { return len(s.stats.LoadPoints()) == 0 }

// During reports whether an instant, in µs since the epoch, is from the time of the records.
func (s *Source) During(at int64) bool { return s.from <= at && at <= s.to }

// start returns time 0 of the figures, in µs.
func (s *Source) start() int64 { return s.from }

// end returns the last instant of the figures, in seconds from the start.
func (s *Source) end() float64 { return float64(s.to-s.from) / 1e6 }

// nameSources names each source by its file without endings, and with as many folders as the name needs to be unique.
func nameSources(sources []*Source) {
	for _, s := range sources {
		s.name = fileName(s.File)
	}
	for depth := 1; depth < 10; depth++ {
		count := map[string]int{}
		for _, s := range sources {
			count[s.name]++
		}
		again := false
		for _, s := range sources {
			if count[s.name] > 1 {
				s.name = deeper(s.File, depth)
				again = true
			}
		}
		if !again {
			return
		}
	}
	for i, s := range sources { // the same file twice
		for _, t := range sources[:i] {
			if s.name == t.name {
				s.name += "′"
			}
		}
	}
}

// deeper returns the name of a file with the last of its folders.
func deeper(path string, folders int) string {
	parts := strings.Split(filepath.ToSlash(filepath.Clean(path)), "/")
	dir := parts[max(0, len(parts)-1-folders) : len(parts)-1]
	return strings.Join(append(dir[:len(dir):len(dir)], fileName(path)), "/")
}

// fileName returns the name of a file without folders and endings.
func fileName(path string) string {
	if path == "-" {
		return "stdin"
	}
	name := filepath.Base(path)
	for _, end := range []string{".gz", ".zst", ".jsonl", ".json"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}

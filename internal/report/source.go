package report

import (
	"context"
	"io"
	"path/filepath"
	"runtime"
	"strings"

	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// Source is what the records of one file, or of stdin, showed.
type Source struct {
	File     string      // - is stdin
	Skipped  int64       // lines that are no records
	FirstBad error       // the first of them
	Facts    [][2]string // of the run as a whole, if they are known

	name     string // in legends
	from, to int64  // the time of the figures, µs: from when the first request was due
	stats    *stats.Collector
	*gathered
}

// exactLimit is how many values of a distribution are retained exactly. A page has many distributions, and beyond this
// number the sketch's error is far below a pixel.
const exactLimit = 1 << 14

// Read gathers the records of r. opt needs only what its caller chooses, such as gates and goodput: percentiles and
// limits of memory are those of charts. If skip is set, lines that are no records are counted instead of being errors.
func Read(ctx context.Context, r io.Reader, file, name string, opt stats.Options, skip bool) (*Source, error) {
	opt.Percentiles, opt.ExactLimit, opt.Intervals = curvePercentiles(), exactLimit, true
	stream := stats.NewStream(opt, min(2, runtime.GOMAXPROCS(0)), skip)
	var parts []*gathered
	stream.Also(func() func(*record.Record) {
		g := newGathered()
		parts = append(parts, g)
		return g.add
	})
	if err := stream.Read(ctx, r, name); err != nil {
		return nil, err
	}
	for _, g := range parts[1:] {
		parts[0].merge(g)
	}
	s := &Source{File: file, stats: stream.Collector(), gathered: parts[0]}
	s.Skipped, s.FirstBad = stream.Skipped()
	_, from, width := s.course.Bins(1)
	s.from, s.to = from, from+width
	return s, nil
}

// start is time 0 of the figures, in µs.
func (s *Source) start() int64 { return s.from }

// end is the last instant of the figures, in seconds from the start.
func (s *Source) end() float64 { return float64(s.to-s.from) / 1e6 }

// nameSources names each source by its file without the endings: by as many of its folders as tell it from the others.
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

// deeper is the name of a file with that many of the folders that hold it.
func deeper(path string, folders int) string {
	parts := strings.Split(filepath.ToSlash(filepath.Clean(path)), "/")
	dir := parts[max(0, len(parts)-1-folders) : len(parts)-1]
	return strings.Join(append(dir[:len(dir):len(dir)], fileName(path)), "/")
}

// fileName is a file's name without its folders and endings.
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

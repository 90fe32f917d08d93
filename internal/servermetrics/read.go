package servermetrics

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/goccy/go-json"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/prompage"
)

// File is what a metrics file contains.
type File struct {
	Samples []Sample // by time, without their Delta
	Pages   []*Page  // in the order of their first samples
}

// Page is what one page had over time. A source has several if the file has several runs that are not in order.
type Page struct {
	Source string
	*prompage.Log
	last int64 // time of the last page
}

// Read reads a metrics file. file is its name in errors. What was read before an error is valid.
func Read(r io.Reader, file string) (*File, error) {
	f := &File{}
	err := f.read(r, file)
	slices.SortStableFunc(f.Samples, func(a, b Sample) int { return cmp.Compare(a.AtUs, b.AtUs) })
	return f, err
}

// read appends the samples in the order of the file.
func (f *File) read(r io.Reader, file string) error {
	sources := map[string]*Page{}
	fail := func(line int, err error) error { return &jsonl.LineError{File: file, Line: line, Err: err} }
	for line, err := range jsonl.Lines(r) {
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if line.Bytes[0] != '{' {
			return fail(line.N, fmt.Errorf("not a JSON object: %.40q", line.Bytes))
		}
		var s Sample
		if err := json.Unmarshal(line.Bytes, &s); err != nil {
			return fail(line.N, fmt.Errorf("not valid JSON: %w", jsonl.Reason(err)))
		}
		if s.Source == "" {
			return fail(line.N, errors.New("not a sample of metrics: it has no source"))
		}
		p := sources[s.Source] // if it is a page on which nothing changed
		if s.Series != nil || s.Values != nil || p != nil && s.Error == "" {
			begins := len(s.Series) > 0 && s.Series[0].ID == 0
			if p == nil || begins && s.AtUs < p.last {
				p = &Page{Source: s.Source, Log: &prompage.Log{}}
				sources[s.Source], f.Pages = p, append(f.Pages, p)
			}
			if err := p.add(&s); err != nil {
				return fail(line.N, err)
			}
		}
		f.Samples = append(f.Samples, s)
	}
	return nil
}

// add adds the page of a sample, and empties its Delta.
func (p *Page) add(s *Sample) error {
	if s.AtUs < p.last {
		return errors.New("this page is older than the one before it")
	}
	p.last = s.AtUs
	err := p.Log.Add(s.AtUs, s.Delta)
	s.Delta = prompage.Delta{}
	return err
}

// Series returns all series of the pages.
func (f *File) Series() []*prompage.Series {
	var out []*prompage.Series
	for _, p := range f.Pages {
		out = append(out, p.Series()...)
	}
	return out
}

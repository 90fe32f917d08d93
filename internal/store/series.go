package store

import (
	"errors"
	"os"

	"github.com/goccy/go-json"
	"github.com/parquet-go/parquet-go"

	"perfpipe/internal/fault"
	"perfpipe/internal/prompage"
	"perfpipe/internal/servermetrics"
)

// seriesRow is a value of a series at one instant.
type seriesRow struct {
	Source  string    `parquet:"source,dict"`
	Name    string    `parquet:"name,dict"`
	Labels  string    `parquet:"labels,dict"` // a JSON object
	Type    string    `parquet:"type,dict"`   // gauge, counter or histogram
	AtUs    int64     `parquet:"at_us,delta"`
	Value   *float64  `parquet:"value"` // of a gauge or counter
	Sum     *float64  `parquet:"sum"`   // of a histogram
	Count   *float64  `parquet:"count"`
	Le      []float64 `parquet:"le"`      // upper bounds of its buckets, without +Inf
	Buckets []float64 `parquet:"buckets"` // cumulative counts at the bounds
}

// WriteSeries writes all series of a metrics file as a Parquet file, series by series in order of time. Like Open, it
// replaces only files of its own, and the file appears when it is complete.
func WriteSeries(path string, create func(path string) error, file *servermetrics.File) (err error) {
	owns := func(path string) bool { return hasColumns(path, "source", "labels", "at_us", "buckets") }
	if err := replaceable(path, owns); err != nil {
		return err
	}
	partial, err := partialFile(path, create)
	if err != nil {
		return err
	}
	defer os.Remove(partial)
	out, err := os.Create(partial)
	if err == nil {
		err = errors.Join(writeSeries(out, file), out.Close())
	}
	if err == nil {
		err = os.Rename(partial, path)
	}
	if err != nil {
		return fault.Fail("", "%s: %w", path, err)
	}
	return nil
}

func writeSeries(out *os.File, file *servermetrics.File) error {
	w := parquet.NewGenericWriter[seriesRow](out, parquet.Compression(&parquet.Zstd))
	var rows [1]seriesRow
	var last *prompage.Series
	put := func(source string, s *prompage.Series, p *prompage.Point) error {
		if s != last {
			labels, err := json.Marshal(s.Labels)
			if err != nil {
				return err
			}
			if s.Labels == nil {
				labels = []byte("{}")
			}
			last = s
			rows[0] = seriesRow{Source: source, Name: s.Name, Labels: string(labels), Type: string(s.Type), Le: s.Le}
		}
		rows[0].AtUs = p.AtUs
		if n := len(p.Buckets); n > 0 {
			rows[0].Sum, rows[0].Count, rows[0].Buckets = &p.Value, &p.Buckets[n-1], p.Buckets[:n-1]
		} else {
			rows[0].Value = &p.Value
		}
		_, err := w.Write(rows[:])
		return err
	}
	for _, page := range file.Pages {
		for s, p := range page.Points() {
			if err := put(page.Source, s, p); err != nil {
				return err
			}
		}
	}
	for _, d := range file.Devices() {
		for i := range d.Points {
			if err := put(d.Source, &d.Series, &d.Points[i]); err != nil {
				return err
			}
		}
	}
	return w.Close()
}

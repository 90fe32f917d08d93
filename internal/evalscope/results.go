package evalscope

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/fault"
)

// Point is the folder of a load point, as an Export wrote it, with its figures.
type Point struct {
	Dir     string
	names   []string // of the summary, in its order
	summary map[string]float64
	columns []string         // of the percentiles, in their order
	ranks   []map[string]any // a row for min, each percentile and max
	traces  struct {         // of conversations
		Count int              `json:"n_traces"`
		Rows  []map[string]any `json:"rows"`
	}
	workload struct {
		Rows []map[string]any `json:"rows"`
	}
}

// Concurrency returns the limit of requests in flight, or −1 if there was none.
func (p *Point) Concurrency() float64 { return p.summary["Concurrency"] }

// Rate returns the request rate per second, or −1 if there was none.
func (p *Point) Rate() float64 { return p.summary["Request Rate (req/s)"] }

// Number returns the number of requests of the name of the folder, of which a conversation counts as one.
func (p *Point) Number() int {
	_, text, _ := strings.Cut(filepath.Base(p.Dir), "_number_")
	text, _, _ = strings.Cut(text, "_") // of a level that came twice
	n, err := strconv.Atoi(text)
	if err != nil {
		return int(p.summary["Total Requests"])
	}
	return n
}

// ReadPoints reads the folders of the load points in dir, and sorts them by level.
func ReadPoints(dir string) ([]Point, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", summaryFile))
	if err != nil {
		return nil, err
	}
	var points []Point
	for _, file := range files {
		p := Point{Dir: filepath.Dir(file)}
		for _, f := range []struct {
			name     string
			into     any
			names    *[]string // nil: their order does not matter
			optional bool
		}{
			{summaryFile, &p.summary, &p.names, false}, {percentileFile, &p.ranks, &p.columns, false},
			{traceFile, &p.traces, nil, true}, {throughputFile, &p.workload, nil, true},
		} {
			text, err := readJSON(filepath.Join(p.Dir, f.name), f.into)
			switch {
			case f.optional && errors.Is(err, fs.ErrNotExist):
			case err != nil:
				return nil, err
			case f.names != nil:
				*f.names = figureNames(text)
			}
		}
		points = append(points, p)
	}
	slices.SortStableFunc(points, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.Concurrency(), b.Concurrency()), cmp.Compare(a.Rate(), b.Rate()))
	})
	return points, nil
}

// figureNames returns the names of the figures in a file, or in the first row of one with rows, in their order.
func figureNames(text []byte) (names []string) {
	first := gjson.ParseBytes(text)
	if first.IsArray() {
		first = first.Get("0")
	}
	first.ForEach(func(key, _ gjson.Result) bool {
		if key.Str != "Percentiles" {
			names = append(names, key.Str)
		}
		return true
	})
	return names
}

// readJSON decodes a file, and returns its text.
func readJSON(file string, into any) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Fail("", "%w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return nil, fault.Fail("", "%s: %w", file, err)
	}
	return text, nil
}

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
		for name, into := range map[string]any{
			summaryFile: &p.summary, percentileFile: &p.ranks, traceFile: &p.traces, throughputFile: &p.workload,
		} {
			optional := into == &p.traces || into == &p.workload
			if err := readJSON(filepath.Join(p.Dir, name), into); err != nil && !(optional && errors.Is(err, fs.ErrNotExist)) {
				return nil, err
			}
		}
		if p.names, p.columns, err = order(p.Dir); err != nil {
			return nil, err
		}
		points = append(points, p)
	}
	slices.SortStableFunc(points, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.Concurrency(), b.Concurrency()), cmp.Compare(a.Rate(), b.Rate()))
	})
	return points, nil
}

// order returns the names of the figures of a load point in the order of its files.
func order(dir string) (names, columns []string, err error) {
	for file, into := range map[string]*[]string{summaryFile: &names, percentileFile: &columns} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return nil, nil, fault.Fail("", "%w", err)
		}
		first := gjson.ParseBytes(text)
		if first.IsArray() {
			first = first.Get("0")
		}
		first.ForEach(func(key, _ gjson.Result) bool {
			if key.Str != "Percentiles" {
				*into = append(*into, key.Str)
			}
			return true
		})
	}
	return names, columns, nil
}

func readJSON(file string, into any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return fault.Fail("", "%w", err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fault.Fail("", "%s: %w", file, err)
	}
	return nil
}

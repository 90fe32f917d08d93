package track

import (
	"bytes"
	"fmt"

	"perfpipe/internal/jsonl"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// format marks a kept run and its version.
const format = "perfpipe-track/1"

// formerFormat is format under the project's former name. It is still read.
const formerFormat = "llmperf-track/1"

// The operations of events.
const (
	opRun    = "run"    // begin a run
	opLog    = "log"    // values at a step
	opTable  = "table"  // rows and columns
	opChart  = "chart"  // lines
	opConfig = "config" // additional configuration
	opFile   = "file"   // an artifact
	opFinish = "finish" // end the run
)

// event is one line of a journal. Trackers receive the events in the order of the lines.
type event struct {
	Op     string `json:"op"`
	Format string `json:"format,omitempty"` // of a run
	Name   string `json:"name,omitempty"`   // of a run, table or chart
	TimeMs int64  `json:"time_ms,omitempty"`

	Config map[string]any `json:"config,omitempty"`

	Point  string `json:"point,omitempty"` // the group of a log
	Axis   string `json:"axis,omitempty"`  // the value that the others are drawn over
	Step   int64  `json:"step,omitempty"`
	Values values `json:"values,omitempty"`

	Columns []string `json:"columns,omitempty"`
	Rows    [][]any  `json:"rows,omitempty"` // strings, numbers and null

	X      string   `json:"x,omitempty"`
	Y      string   `json:"y,omitempty"`
	Series []series `json:"series,omitempty"`

	Path string `json:"path,omitempty"` // of a file

	Failed string `json:"failed,omitempty"` // of a finish: why the run is incomplete
}

// values are the figures of a log. Their order is that in which some trackers show them.
type values []figure

// MarshalJSON implements json.Marshaler.
func (v values) MarshalJSON() ([]byte, error) {
	return jsonl.Object(len(v), func(i int) (string, any) { return v[i].name, v[i].value })
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *values) UnmarshalJSON(b []byte) error {
	var byName map[string]float64
	if err := json.Unmarshal(b, &byName); err != nil {
		return err
	}
	*v = nil
	gjson.ParseBytes(b).ForEach(func(key, _ gjson.Result) bool {
		if value, ok := byName[key.Str]; ok {
			*v = append(*v, figure{key.Str, value})
			delete(byName, key.Str)
		}
		return true
	})
	return nil
}

// series is one line of a chart.
type series struct {
	Name   string       `json:"name"`
	Points [][2]float64 `json:"points"`
}

func decode(line []byte) (*event, error) {
	e := new(event)
	if err := json.Unmarshal(line, e); err != nil {
		return nil, err
	}
	if e.Op == "" || e.Op == opRun && e.Format != format && e.Format != formerFormat {
		return nil, fmt.Errorf("not an event of %s", format)
	}
	return e, nil
}

// encode returns the line of an event.
func encode(e *event) ([]byte, error) {
	line, err := encodeValue(e)
	return append(line, '\n'), err
}

// encodeValue returns a value as JSON, without a newline.
func encodeValue(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), err
}

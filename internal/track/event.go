package track

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-json"
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

	Point  string             `json:"point,omitempty"` // the load point of a log
	Axis   string             `json:"axis,omitempty"`  // the value that the others are drawn over
	Step   int64              `json:"step,omitempty"`
	Values map[string]float64 `json:"values,omitempty"`

	Columns []string `json:"columns,omitempty"`
	Rows    [][]any  `json:"rows,omitempty"` // strings, numbers and null

	X      string   `json:"x,omitempty"`
	Y      string   `json:"y,omitempty"`
	Series []series `json:"series,omitempty"`

	Path string `json:"path,omitempty"` // of a file

	Failed string `json:"failed,omitempty"` // of a finish: why the run is incomplete
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
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	return b.Bytes(), err
}

package track

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-json"
)

// Format marks a kept run and its version.
const Format = "perfpipe-track/1"

// formerFormat is Format under the project's former name. It is still read.
const formerFormat = "llmperf-track/1"

// What an event asks of a tracker.
const (
	opRun    = "run"    // open a run
	opLog    = "log"    // values at a step
	opTable  = "table"  // rows and columns
	opChart  = "chart"  // lines over a number
	opConfig = "config" // more of the configuration
	opFile   = "file"   // an artifact
	opFinish = "finish" // close the run
)

// event is one line of a run: what every tracker is told, in the order of the lines.
type event struct {
	Op     string `json:"op"`
	Format string `json:"format,omitempty"` // of a run
	Name   string `json:"name,omitempty"`   // of a run, table or chart
	TimeMs int64  `json:"time_ms,omitempty"`

	Config map[string]any `json:"config,omitempty"`

	Point  string             `json:"point,omitempty"` // the load point that a log is of
	Axis   string             `json:"axis,omitempty"`  // which of the values the others are drawn over
	Step   int64              `json:"step,omitempty"`
	Values map[string]float64 `json:"values,omitempty"`

	Columns []string `json:"columns,omitempty"`
	Rows    [][]any  `json:"rows,omitempty"` // strings, numbers and null

	X      string   `json:"x,omitempty"`
	Y      string   `json:"y,omitempty"`
	Series []series `json:"series,omitempty"`

	Path string `json:"path,omitempty"` // of a file

	Failed string `json:"failed,omitempty"` // of a finish: why the run is not whole
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
	if e.Op == "" || e.Op == opRun && e.Format != Format && e.Format != formerFormat {
		return nil, fmt.Errorf("not an event of %s", Format)
	}
	return e, nil
}

// encode is the line of an event.
func encode(e *event) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	return b.Bytes(), err
}

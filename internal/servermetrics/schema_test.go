package servermetrics

import (
	"flag"
	"reflect"
	"testing"

	"perfpipe/internal/schematest"
)

var update = flag.Bool("update", false, "write docs/metrics.schema.json")

func TestSchema(t *testing.T) {
	schematest.Golden(t, schematest.Schema{
		Type:  reflect.TypeFor[Sample](),
		Title: "line of server metrics",
		Description: "One line of perf-send --metrics-out: what one source reported at one instant. " +
			"docs/server-metrics.md describes the metrics. There may be other keys.",
	}, "../../docs/metrics.schema.json", *update)
}

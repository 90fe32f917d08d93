package bench

import (
	"flag"
	"reflect"
	"testing"

	"perfpipe/internal/facts"
	"perfpipe/internal/schematest"
)

var update = flag.Bool("update", false, "write docs/facts.schema.json")

func TestSchema(t *testing.T) {
	schematest.Golden(t, schematest.Schema{
		Type:  reflect.TypeFor[report](),
		Title: "facts of a run",
		Description: "What perf-send --facts-out writes, and facts.json in the folder of a run: one object. " +
			"There may be other keys.",
		Const: map[string]string{"format": facts.Format},
	}, "../../docs/facts.schema.json", *update)
}

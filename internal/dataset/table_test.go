package dataset

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"perfpipe/internal/dataset/body"
)

// TestInventedLines holds of every invented dataset that its lines fit the schema, come out the same for any number of
// workers, and that a line does not depend on how many there are.
func TestInventedLines(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../docs/request.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		if !Synthetic(name) || name == "sonnet" || name == "agent" { // which needs a poem; whose number is of sessions
			continue
		}
		lines := func(number int64, workers int) [][]byte {
			o := &Options{Number: number, Seed: 4, Workers: workers, MaxPrompt: ptr(20), PrefixLength: 2, MaxTurns: 3,
				TurnDelayMs: []float64{1, 9}}
			o.Images.Number, o.Images.Width, o.Images.Height, o.Images.Format, o.Images.Encoding = 1, 4, 4, "RGB", "png"
			source, err := Open(context.Background(), name, o, &body.Shape{Seed: 4,
				Models: []body.Model{{Name: "a", Share: 1}, {Name: "b", Share: 2}}})
			if err != nil {
				t.Fatal(err)
			}
			var all [][]byte
			for r, err := range source {
				if err != nil {
					t.Fatal(err)
				}
				line, err := r.Append(nil)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, line)
			}
			return all
		}
		all := lines(200, 1)
		for _, line := range all {
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
			if err == nil {
				err = schema.Validate(v)
			}
			if err != nil {
				t.Fatalf("%s: %s: %v", name, line, err)
			}
		}
		if len(all) != 200 || !slices.EqualFunc(all, lines(200, 3), bytes.Equal) ||
			!slices.EqualFunc(all[:90], lines(90, 2), bytes.Equal) {
			t.Errorf("%s: %d lines, or others for other workers or numbers", name, len(all))
		}
	}
}

// TestExamples holds that docs/datasets.md, whose commands are run by the tests, shows each dataset.
func TestExamples(t *testing.T) {
	doc, err := os.ReadFile("../../docs/datasets.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		if !regexp.MustCompile(`(?m)^(perf-gen|  perf-gen) .*--dataset ` + name + `( |$)`).Match(doc) {
			t.Errorf("no example of %s", name)
		}
	}
}

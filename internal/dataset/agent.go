package dataset

import (
	"context"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/sessions"
)

// agent makes up sessions of agents. The number that the user asks for is that of sessions.
func agent(_ context.Context, o *Options) (items, error) {
	if err := o.textOnly("agent"); err != nil {
		return nil, err
	}
	shape := sessions.DefaultShape()
	if err := shape.Parse(gjson.ParseBytes(o.Args)); err != nil {
		return nil, wrongArg("%w", err)
	}
	start, n := o.Offset, o.Number
	o.Offset, o.Number = 0, All
	return func(yield func(*Item, error) bool) {
		t := newTrace(o, 1)
		for i := start; n <= 0 || i-start < n; i++ {
			if !t.graph(yield, "agent", shape.Session(o.Seed, i)) {
				return
			}
		}
		t.report()
	}, nil
}

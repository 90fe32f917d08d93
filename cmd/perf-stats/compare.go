package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"perfpipe/internal/cli"
	"perfpipe/internal/compare"
	"perfpipe/internal/fault"
	"perfpipe/internal/format"
	"perfpipe/internal/stats"
	"perfpipe/internal/unit"
)

// compareFiles compares two sides. Each is a file, or several runs of the same load, separated by commas.
func compareFiles(ctx context.Context, env *cli.Env, f *flags, opt stats.Options) error {
	if len(f.Files) != 2 {
		return fault.Usage("perf-stats --compare base.jsonl new.jsonl; several runs of a side are written a.jsonl,b.jsonl",
			"--compare: needs two sides, not %d", len(f.Files))
	}
	chosen, err := f.chosen("--compare", func(f format.Format) bool { return f.Comparison != nil })
	if err != nil {
		return err
	}
	limit := 0.0
	if f.FailOnRegression != "" {
		if limit, err = unit.ParsePercent(f.FailOnRegression); err != nil {
			return fault.Invalid(regression, "", "%w", err)
		}
	}
	opt.Intervals = true
	var sides [2][]*stats.Collector
	for i, side := range f.Files {
		for file := range strings.SplitSeq(side, ",") {
			stream, err := f.newStream(opt)
			if err != nil {
				return err
			}
			if err := f.read(ctx, env, stream, file); err != nil {
				return err
			}
			sides[i] = append(sides[i], stream.Collector())
		}
	}
	compared := compare.Sides(sides[0], sides[1])
	if len(compared.Changes) == 0 {
		return fault.Fail("a load point is compared with the one of the same name; --by another key may join them",
			"--compare: %s and %s have no load point in common: %s",
			f.Files[0], f.Files[1], strings.Join(compare.Some(compared.Notes), "; "))
	}
	err = env.Output(f.Output, func(w io.Writer) error { return chosen.Comparison(w, compared, f.formatOptions()) })
	if err != nil || f.FailOnRegression == "" {
		return err
	}
	return failOnRegression(env, compared, limit, f.CannotTell)
}

// failOnRegression fails if a headline figure is worse by more than the limit, and with the code of its own if one
// cannot be judged.
func failOnRegression(env *cli.Env, c *compare.Comparison, limit float64, code int) error {
	if worse := format.Regression(c, limit); worse != "" {
		return fault.Of(regression, "", "%s", worse)
	}
	if may := format.MayBeWorse(c, limit); may != "" {
		env.Tell(regression, "may-be-worse", "%s", may)
	}
	unjudged := c.Unjudged()
	if len(unjudged) == 0 {
		return nil
	}
	for _, why := range compare.Some(unjudged) {
		env.Tell(regression, "", "cannot judge %s", why)
	}
	if code == fault.CodeOK {
		env.Tell(regression, "", "passes, although not all could be judged (--cannot-tell 0)")
		return nil
	}
	return &fault.Error{Code: code, Setting: regression, Err: fmt.Errorf("cannot tell, for %d reasons", len(unjudged)),
		Hint: "make the runs longer, or give several of each side; --percentiles leaves figures out, " +
			"--cannot-tell 0 lets the gate pass"}
}

const regression = "fail-on-regression"

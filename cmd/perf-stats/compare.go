package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/cli"
	"perfpipe/internal/compare"
	"perfpipe/internal/dist"
	"perfpipe/internal/fault"
	"perfpipe/internal/format"
	"perfpipe/internal/stats"
)

// compareFiles compares two sides. Each is a file, or several runs of the same load, separated by commas.
func compareFiles(ctx context.Context, env *cli.Env, f *flags, opt stats.Options) error {
	if len(f.Files) != 2 {
		return fault.Usage("perf-stats --compare base.jsonl new.jsonl; several runs of a side are written a.jsonl,b.jsonl",
			"--compare: wants two sides, not %d", len(f.Files))
	}
	chosen, err := f.chosen("--compare", func(f format.Format) bool { return f.Comparison != nil })
	if err != nil {
		return err
	}
	limit, err := percentage(f.FailOnRegression)
	if err != nil {
		return err
	}
	opt.Intervals = true
	var sides [2][]*stats.Collector
	for i, side := range f.Files {
		for file := range strings.SplitSeq(side, ",") {
			stream, err := f.newStream(opt)
			if err != nil {
				return err
			}
			if err := read(ctx, env, stream, []string{file}); err != nil {
				return err
			}
			sides[i] = append(sides[i], stream.Collector())
		}
	}
	compared := compare.Sides(sides[0], sides[1])
	if len(compared.Changes) == 0 {
		return fault.Fail("a load point is compared with the one of the same name; --by another key may join them",
			"--compare: %s and %s have no load point in common: %s", f.Files[0], f.Files[1], firstOf(compared.Notes))
	}
	err = f.output(env, func(w io.Writer) error { return chosen.Comparison(w, compared, f.formatOptions()) })
	if err != nil || f.FailOnRegression == "" {
		return err
	}
	return failOnRegression(env, compared, limit, f.CannotTell)
}

// firstOf joins the first few reasons.
func firstOf(reasons []string) string {
	if n := len(reasons); n > mostReasons {
		reasons = append(slices.Clone(reasons[:mostReasons]), fmt.Sprintf("%d more", n-mostReasons))
	}
	return strings.Join(reasons, "; ")
}

// percentage reads 5% as 0.05.
func percentage(text string) (float64, error) {
	if text == "" {
		return math.Inf(1), nil
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || !(v >= 0) || !strings.HasSuffix(text, "%") {
		return 0, fault.Usage("", "--fail-on-regression: %q is not a percentage such as 5%%", text)
	}
	return v / 100, nil
}

// mostReasons limits the reasons that are listed.
const mostReasons = 8

// failOnRegression fails if a headline figure is worse by more than the limit, and with the code of its own if one
// cannot be judged.
func failOnRegression(env *cli.Env, c *compare.Comparison, limit float64, code int) error {
	if err := regression(c, limit); err != nil {
		return err
	}
	unjudged := c.Unjudged()
	if len(unjudged) == 0 {
		return nil
	}
	for i, why := range unjudged {
		if i == mostReasons && len(unjudged) > mostReasons+1 {
			env.Say("--fail-on-regression: cannot judge %d more", len(unjudged)-i)
			break
		}
		env.Say("--fail-on-regression: cannot judge %s", why)
	}
	const hint = "longer runs or several a side know more, --percentiles leaves figures out, --cannot-tell 0 lets " +
		"the gate pass"
	if code == fault.CodeOK {
		env.Say("--fail-on-regression: passes, though it could not judge all (--cannot-tell 0)")
		return nil
	}
	return &fault.Error{Code: code, Err: fmt.Errorf("--fail-on-regression: cannot tell, for %d reasons", len(unjudged)),
		Hint: hint}
}

// regression returns an error if a headline figure is worse by more than the limit.
func regression(c *compare.Comparison, limit float64) error {
	worse := c.Worse(limit)
	if len(worse) == 0 {
		return nil
	}
	return fault.Fail("", "--fail-on-regression: %d figures are worse by more than %s %%, the most %s %s by %s",
		len(worse), format.Number(dist.Num(100*limit)), worse[0].Block, worse[0].Figure, format.Percent(worse[0].Delta))
}

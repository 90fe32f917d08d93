package schedule

import (
	"fmt"
	"strconv"
	"strings"

	"perfpipe/internal/unit"
)

// kind is a kind of arrival process.
type kind struct {
	usage string // its name, with its argument if it has one
	parse func(arg string, rate float64, seed uint64) (Pacer, error)
	rates bool // it has rates of its own, and parse ignores the rate
}

func (k kind) name() string {
	name, _, _ := strings.Cut(k.usage, ":")
	return name
}

func kinds() []kind {
	return []kind{
		{"poisson", bare(Poisson), false},
		{"constant", bare(func(rate float64, _ uint64) Pacer { return Constant(rate) }), false},
		{"gamma:BURSTINESS", parseGamma, false},
		{"ramp:FROM-TO/TIME", parseRamp, true},
	}
}

// Kinds returns the arrival processes that Parse reads, each with its argument, such as gamma:BURSTINESS.
func Kinds() []string {
	var list []string
	for _, k := range kinds() {
		list = append(list, k.usage)
	}
	return list
}

// Prefixes returns the beginnings of what Parse reads, such as gamma: with the colon before its argument.
func Prefixes() []string {
	var list []string
	for _, k := range kinds() {
		name, _, hasArg := strings.Cut(k.usage, ":")
		if hasArg {
			name += ":"
		}
		list = append(list, name)
	}
	return list
}

// Parse returns the pacer of an arrival process such as poisson, gamma:0.5 or ramp:1-50/60s. Rate is in requests/s.
func Parse(spec string, rate float64, seed uint64) (Pacer, error) {
	k, arg, err := find(spec)
	if err != nil {
		return nil, err
	}
	return k.parse(arg, rate, seed)
}

// HasRates reports whether an arrival process has rates of its own, as a ramp does, so that Parse ignores the rate.
func HasRates(spec string) bool {
	k, _, err := find(spec)
	return err == nil && k.rates
}

func find(spec string) (k kind, arg string, err error) {
	name, arg, _ := strings.Cut(spec, ":")
	for _, k := range kinds() {
		if k.name() == name && (arg == "" || k.usage != name) {
			return k, arg, nil
		}
	}
	return kind{}, "", fmt.Errorf("%q is not known", spec)
}

// bare makes the parser of a kind without an argument.
func bare(pacer func(rate float64, seed uint64) Pacer) func(string, float64, uint64) (Pacer, error) {
	return func(_ string, rate float64, seed uint64) (Pacer, error) { return pacer(rate, seed), nil }
}

func parseGamma(arg string, rate float64, seed uint64) (Pacer, error) {
	b, err := strconv.ParseFloat(arg, 64)
	if err != nil || !(b > 0) || b > 1e6 {
		return nil, fmt.Errorf("%q is not a burstiness above 0", arg)
	}
	return Gamma(rate, b, seed), nil
}

// parseRamp reads FROM-TO/TIME.
func parseRamp(arg string, _ float64, _ uint64) (Pacer, error) {
	rates, time, _ := strings.Cut(arg, "/")
	a, b, _ := strings.Cut(rates, "-")
	from, err1 := strconv.ParseFloat(a, 64)
	to, err2 := strconv.ParseFloat(b, 64)
	d, err3 := unit.ParseDuration(time)
	if err1 != nil || err2 != nil || err3 != nil || !(from >= 0 && to >= 0 && from+to > 0) || d <= 0 {
		return nil, fmt.Errorf("%q is not FROM-TO/TIME, such as 1-50/60s", arg)
	}
	return Ramp(from, to, d), nil
}

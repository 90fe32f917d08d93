package chattemplate

import (
	"errors"
	"fmt"
	"math"

	"github.com/ardanlabs/jinja"
)

// A template comes from a hub, so it runs within bounds, each far beyond the needs of a chat. maxRange is that of
// Python's sandbox.
const (
	maxSource   = 1 << 20   // bytes of a template
	maxParts    = 10_000    // tokens of an expression: rewriting takes quadratic time in them
	maxSteps    = 5_000_000 // iterations of loops and calls of macros
	maxCalls    = 200       // nested calls of macros
	maxRange    = 100_000   // numbers in a range
	maxNodes    = 1_000_000 // values nested in a value
	minTextSize = 16 << 20  // bytes of a text, for a chat of any size
	minWork     = 256 << 20 // bytes of all texts together
	workOfInput = 256       // additional bytes for each byte of the chat
)

var errNested = fmt.Errorf("values are nested more than %d deep, or a value holds more than %d", maxDepth,
	maxNodes)

// bounds is the account of one rendering.
type bounds struct {
	steps, calls int
	text         int64 // maximum bytes of a text
	work         int64 // remaining bytes of all texts
	out          int64 // bytes of the output so far
}

func newBounds(input int) *bounds {
	return &bounds{text: minTextSize + 16*int64(input), work: minWork + workOfInput*int64(input)}
}

// made accounts for a text of n bytes before it is created.
func (b *bounds) made(n int64) error {
	if n < 0 || n > b.text {
		return fmt.Errorf("it makes a text of more than %d MB", b.text>>20)
	}
	if b.work -= n; b.work < 0 {
		return errors.New("it makes too much text")
	}
	return nil
}

type callable = func(args []jinja.Value, options map[string]jinja.Value) (jinja.Value, error)

// functions returns the accounted functions that a rewritten template calls.
func (b *bounds) functions() map[string]callable {
	none := jinja.NewString("")
	return map[string]callable{
		"range": b.numbers,
		"step_": func([]jinja.Value, map[string]jinja.Value) (jinja.Value, error) {
			if b.steps++; b.steps > maxSteps {
				return none, fmt.Errorf("it does not end within %d steps", maxSteps)
			}
			return none, nil
		},
		"enter_": func([]jinja.Value, map[string]jinja.Value) (jinja.Value, error) {
			b.steps++
			if b.calls++; b.calls > maxCalls || b.steps > maxSteps {
				return none, fmt.Errorf("its macros call each other more than %d deep, or without end", maxCalls)
			}
			return none, nil
		},
		"leave_": func([]jinja.Value, map[string]jinja.Value) (jinja.Value, error) {
			b.calls--
			return none, nil
		},
		"show_":   b.show,
		"string_": b.show,
		"arith_":  b.arithmetic,
		"checked_": func(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
			return one(args), checkNesting(one(args))
		},
		"replace_": b.replace,
		"join_":    b.join,
		"joined_":  func(args []jinja.Value, o map[string]jinja.Value) (jinja.Value, error) { return b.join(swap(args), o) },
		"indent_":  b.indent,
		"list_":    listOf,
		"format_":  b.percent,
		"braces_":  b.braces,
		"change_":  changes,
	}
}

func one(args []jinja.Value) jinja.Value {
	if len(args) == 0 {
		return jinja.Undefined()
	}
	return args[0]
}

func swap(args []jinja.Value) []jinja.Value {
	if len(args) == 2 {
		return []jinja.Value{args[1], args[0]}
	}
	return nil
}

func (b *bounds) show(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	v, err := showValue(args, nil)
	if err == nil {
		n := int64(len(v.AsString()))
		if b.out += n; b.out > b.text {
			return v, fmt.Errorf("it writes more than %d MB", b.text>>20)
		}
		err = b.made(n)
	}
	return v, err
}

// numbers is range.
func (b *bounds) numbers(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	limits := []int64{0, 0, 1}
	if len(args) < 1 || len(args) > 3 {
		return jinja.Undefined(), fmt.Errorf("range takes one to three numbers, not %d", len(args))
	}
	for i, a := range args {
		n, ok := wholeNumber(a)
		if !ok {
			return jinja.Undefined(), fmt.Errorf("range takes whole numbers, not %s", kindOf(a))
		}
		limits[i] = n
	}
	if len(args) == 1 {
		limits[0], limits[1] = 0, limits[0]
	}
	start, stop, step := limits[0], limits[1], limits[2]
	if step == 0 {
		return jinja.Undefined(), errors.New("the step of a range is zero")
	}
	if float64(stop-start)/float64(step) > maxRange || stop-start > math.MaxInt64/2 || start-stop > math.MaxInt64/2 {
		return jinja.Undefined(), fmt.Errorf("a range of more than %d numbers", maxRange)
	}
	out := jinja.NewList(nil)
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		out.AsList().Append(jinja.NewInt(i))
	}
	return out, nil
}

// wholeNumber returns v as an integer if it is one in Python, where a bool is.
func wholeNumber(v jinja.Value) (int64, bool) {
	switch {
	case v.IsInt():
		return v.AsInt(), true
	case v.IsBool() && v.AsBool():
		return 1, true
	}
	return 0, v.IsBool()
}

func kindOf(v jinja.Value) string {
	switch {
	case v.IsUndefined():
		return "what is not defined"
	case v.IsNone():
		return "None"
	case v.IsString():
		return "text"
	case v.IsList():
		return "a list"
	case v.IsDict():
		return "an object"
	case v.IsCallable():
		return "a function"
	}
	return show(v)
}

// checkNesting returns an error if values are nested so deep that comparing or printing them might not end.
func checkNesting(v jinja.Value) error {
	nodes := maxNodes
	return nested(v, 0, &nodes)
}

func nested(v jinja.Value, depth int, nodes *int) error {
	if *nodes--; depth > maxDepth || *nodes < 0 {
		return errNested
	}
	switch {
	case v.IsList():
		for _, item := range v.AsList().Items {
			if err := nested(item, depth+1, nodes); err != nil {
				return err
			}
		}
	case v.IsDict():
		for _, item := range v.AsDict().Data {
			if err := nested(item, depth+1, nodes); err != nil {
				return err
			}
		}
	}
	return nil
}

// changes is any method that modifies a list or an object. Python's sandbox refuses them, too.
func changes([]jinja.Value, map[string]jinja.Value) (jinja.Value, error) {
	return jinja.Undefined(), errors.New("append, insert, pop and update are refused: they change a value")
}

func listOf(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	out := jinja.NewList(nil)
	switch v := one(args); {
	case v.IsList():
		out.AsList().Items = append(out.AsList().Items, v.AsList().Items...)
	case v.IsDict():
		for _, key := range v.AsDict().Keys {
			out.AsList().Append(jinja.NewString(key))
		}
	case v.IsString():
		if len(v.AsString()) > maxNodes {
			return out, errNested
		}
		for _, r := range v.AsString() {
			out.AsList().Append(jinja.NewString(string(r)))
		}
	case !v.IsUndefined():
		return out, fmt.Errorf("%s is not a list", kindOf(v))
	}
	return out, nil
}

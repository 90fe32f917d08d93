package chattemplate

import (
	"errors"
	"fmt"
	"math"

	"github.com/ardanlabs/jinja"
)

// A template comes from a hub, so it runs in bounds, each far beyond what a chat needs. The range is that of Python's
// sandbox.
const (
	mostSource    = 1 << 20   // bytes of a template
	mostParts     = 10_000    // names, numbers and the like of an expression: rewriting one takes the square of them
	mostSteps     = 5_000_000 // turns of loops and calls of macros
	mostCalls     = 200       // macros within one another
	mostRange     = 100_000   // numbers of one range
	mostNodes     = 1_000_000 // values within a value
	leastTextSize = 16 << 20  // bytes of any text, for a chat of any size
	leastWork     = 256 << 20 // bytes of all texts together
	workOfInput   = 256       // more of them for each byte of the chat
)

var errNested = fmt.Errorf("values lie more than %d deep within each other, or a value holds more than %d", deepest,
	mostNodes)

// bounds are what one rendering has used.
type bounds struct {
	steps, calls int
	text         int64 // most bytes of a text
	work         int64 // bytes of texts that may still be made
	out          int64 // bytes of the output so far
}

func newBounds(input int) *bounds {
	return &bounds{text: leastTextSize + 16*int64(input), work: leastWork + workOfInput*int64(input)}
}

// made accounts for a text of n bytes before it is made.
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

// functions are those of a rewritten template that count.
func (b *bounds) functions() map[string]callable {
	none := jinja.NewString("")
	return map[string]callable{
		"range": b.numbers,
		"step_": func([]jinja.Value, map[string]jinja.Value) (jinja.Value, error) {
			if b.steps++; b.steps > mostSteps {
				return none, fmt.Errorf("it does not end within %d steps", mostSteps)
			}
			return none, nil
		},
		"enter_": func([]jinja.Value, map[string]jinja.Value) (jinja.Value, error) {
			b.steps++
			if b.calls++; b.calls > mostCalls || b.steps > mostSteps {
				return none, fmt.Errorf("its macros call each other more than %d deep, or without end", mostCalls)
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
	if float64(stop-start)/float64(step) > mostRange || stop-start > math.MaxInt64/2 || start-stop > math.MaxInt64/2 {
		return jinja.Undefined(), fmt.Errorf("a range of more than %d numbers", mostRange)
	}
	out := jinja.NewList(nil)
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		out.AsList().Append(jinja.NewInt(i))
	}
	return out, nil
}

// wholeNumber is v as Python takes it for a whole number: a bool, too.
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

// checkNesting refuses values that lie too deep, in which what compares or prints them would not come back.
func checkNesting(v jinja.Value) error {
	nodes := mostNodes
	return nested(v, 0, &nodes)
}

func nested(v jinja.Value, depth int, nodes *int) error {
	if *nodes--; depth > deepest || *nodes < 0 {
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

// changes is any method that changes a list or an object, which Python's sandbox refuses, too.
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
		if len(v.AsString()) > mostNodes {
			return out, errNested
		}
		for _, r := range v.AsString() {
			out.AsList().Append(jinja.NewString(string(r)))
		}
	case !v.IsUndefined():
		return out, fmt.Errorf("%s is no list", kindOf(v))
	}
	return out, nil
}

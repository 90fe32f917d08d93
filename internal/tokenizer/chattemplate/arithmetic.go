package chattemplate

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/ardanlabs/jinja"
)

// operators are the binary operators that a rewritten template calls as functions, by decreasing precedence in Jinja.
var operators = [][]string{{"**"}, {"*", "/", "//", "%"}, {"~"}, {"+", "-"}}

// rewriteOperators replaces operators by calls of arith_.
func rewriteOperators(parts []string) []string {
	for level, names := range operators {
		for i := 1; i+1 < len(parts); i++ {
			if !slices.Contains(names, parts[i]) || !endsOperand(parts[i-1]) {
				continue
			}
			begin, end := operand(parts, i-1), operandAfter(parts, i+1)
			if level > 0 && begin > 0 && (parts[begin-1] == "-" || parts[begin-1] == "+") &&
				(begin < 2 || !endsOperand(parts[begin-2])) {
				begin-- // a sign
			}
			call := []string{"arith_", "(", `"` + parts[i] + `"`, ","}
			call = append(append(append(call, parts[begin:i]...), ","), parts[i+1:end]...)
			call = append(call, ")")
			parts = slices.Replace(parts, begin, end, call...)
			i += 4 // the comma before the right operand, which was not examined yet
		}
	}
	return parts
}

// keywords do not end an operand.
var keywords = []string{"in", "is", "and", "or", "not", "if", "else", "elif", "set", "for", "do", "return", "macro",
	"call", "filter"}

func endsOperand(part string) bool {
	return !slices.Contains(keywords, part) && (operandEnds.MatchString(part) || part == "}")
}

// operandAfter returns the end of the operand that begins at i.
func operandAfter(parts []string, i int) int {
	for i < len(parts) && (parts[i] == "-" || parts[i] == "+") {
		i++
	}
	if i >= len(parts) {
		return len(parts)
	}
	if strings.Contains("([{", parts[i]) {
		i = matching(parts, i, +1)
	}
	i++
	for i < len(parts) {
		switch {
		case parts[i] == "(" || parts[i] == "[":
			i = matching(parts, i, +1) + 1
		case (parts[i] == "." || parts[i] == "|") && i+1 < len(parts):
			i += 2
		default:
			return i
		}
	}
	return len(parts)
}

var errTooLarge = errors.New("a number is too large")

// arithmetic is a binary operator with Python's semantics.
func (b *bounds) arithmetic(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	if len(args) != 3 {
		return jinja.Undefined(), errors.New("an operand is missing")
	}
	op, x, y := args[0].AsString(), args[1], args[2]
	switch {
	case op == "~":
		return b.concat(show(x), show(y))
	case op == "%" && x.IsString():
		values := []jinja.Value{x, y}
		return b.percent(values, nil)
	case op == "+" && (x.IsString() || y.IsString()):
		return b.addText(x, y)
	case op == "+" && x.IsList() && y.IsList():
		n := x.AsList().Len() + y.AsList().Len()
		if n > maxNodes {
			return jinja.Undefined(), errNested
		}
		return jinja.NewList(slices.Concat(x.AsList().Items, y.AsList().Items)), b.made(int64(n))
	case op == "*" && (x.IsString() || x.IsList()):
		return b.repeat(x, y)
	case op == "*" && (y.IsString() || y.IsList()):
		return b.repeat(y, x)
	}
	m, whole := wholeNumber(x)
	n, also := wholeNumber(y)
	if whole && also && op != "/" {
		return wholeArithmetic(op, m, n)
	}
	f, ok := numberOf(x)
	g, also := numberOf(y)
	if !ok || !also {
		return jinja.Undefined(), fmt.Errorf("%s %s %s is not understood", kindOf(x), op, kindOf(y))
	}
	return floatArithmetic(op, f, g)
}

func (b *bounds) concat(x, y string) (jinja.Value, error) {
	if err := b.made(int64(len(x)) + int64(len(y))); err != nil {
		return jinja.Undefined(), err
	}
	return jinja.NewString(x + y), nil
}

func (b *bounds) addText(x, y jinja.Value) (jinja.Value, error) {
	text := func(v jinja.Value) (string, error) {
		switch {
		case v.IsString():
			return v.AsString(), nil
		case v.IsNone() || v.IsUndefined():
			return "", nil
		}
		return "", fmt.Errorf("a text and %s do not add up", kindOf(v))
	}
	s, err := text(x)
	if err != nil {
		return jinja.Undefined(), err
	}
	t, err := text(y)
	if err != nil {
		return jinja.Undefined(), err
	}
	return b.concat(s, t)
}

func (b *bounds) repeat(v, times jinja.Value) (jinja.Value, error) {
	n, ok := wholeNumber(times)
	if !ok {
		return jinja.Undefined(), fmt.Errorf("%s is not repeated %s times", kindOf(v), kindOf(times))
	}
	n = max(n, 0)
	size := int64(1)
	if v.IsString() {
		size = int64(len(v.AsString()))
	} else {
		size = int64(v.AsList().Len())
	}
	if hi, lo := bits.Mul64(uint64(size), uint64(n)); hi > 0 || lo > math.MaxInt64 {
		return jinja.Undefined(), errTooLarge
	}
	if err := b.made(size * n); err != nil {
		return jinja.Undefined(), err
	}
	if v.IsString() {
		return jinja.NewString(strings.Repeat(v.AsString(), int(n))), nil
	}
	if size*n > maxNodes {
		return jinja.Undefined(), errNested
	}
	return jinja.NewList(slices.Repeat(v.AsList().Items, int(n))), nil
}

func numberOf(v jinja.Value) (float64, bool) {
	if v.IsFloat() {
		return v.AsFloat(), true
	}
	n, ok := wholeNumber(v)
	return float64(n), ok
}

var errZero = errors.New("division by zero")

func wholeArithmetic(op string, m, n int64) (jinja.Value, error) {
	var r int64
	exact := true
	switch op {
	case "+":
		r = m + n
		exact = (r > m) == (n > 0)
	case "-":
		r = m - n
		exact = (r < m) == (n > 0)
	case "*":
		r = m * n
		exact = m == 0 || r/m == n && (m != -1 || n != math.MinInt64)
	case "//", "%":
		if n == 0 {
			return jinja.Undefined(), errZero
		}
		q, rest := m/n, m%n
		if rest != 0 && (rest < 0) != (n < 0) {
			q, rest = q-1, rest+n
		}
		if r = q; op == "%" {
			r = rest
		}
		exact = m != math.MinInt64 || n != -1
	case "**":
		if n < 0 {
			return floatArithmetic(op, float64(m), float64(n))
		}
		return wholePower(m, n)
	}
	if !exact {
		return jinja.Undefined(), errTooLarge
	}
	return jinja.NewInt(r), nil
}

func floatArithmetic(op string, f, g float64) (jinja.Value, error) {
	if g == 0 && (op == "/" || op == "//" || op == "%") || op == "**" && f == 0 && g < 0 {
		return jinja.Undefined(), errZero
	}
	var r float64
	switch op {
	case "+":
		r = f + g
	case "-":
		r = f - g
	case "*":
		r = f * g
	case "/":
		r = f / g
	case "//":
		r = math.Floor(f / g)
	case "%":
		if r = math.Mod(f, g); r != 0 && (r < 0) != (g < 0) {
			r += g
		}
	case "**":
		r = math.Pow(f, g)
	}
	return jinja.NewFloat(r), nil
}

// wholePower returns m to the power of n, n ≥ 0.
func wholePower(m, n int64) (jinja.Value, error) {
	if m >= -1 && m <= 1 {
		return jinja.NewInt(map[bool]int64{true: 1, false: m}[n == 0 || m == -1 && n%2 == 0]), nil
	}
	r := jinja.NewInt(1)
	for ; n > 0; n-- {
		var err error
		if r, err = wholeArithmetic("*", r.AsInt(), m); err != nil {
			return r, err
		}
	}
	return r, nil
}

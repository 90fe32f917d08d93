package evalscope

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Float is a number that Python's json module writes as a float: 5.0 rather than 5. What does not exist is null, which
// evalscope's own readers accept. evalscope writes NaN there, which is not JSON.
type Float float64

// MarshalJSON implements json.Marshaler.
func (f Float) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return []byte(formatFloat(float64(f))), nil
}

// formatFloat returns a finite Float as Python writes it. The names of folders and JSON files have such floats.
func formatFloat(f float64) string {
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// rounded returns f with the given number of decimals, as Python's round does.
func rounded(f float64, decimals int) Float {
	r, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', decimals, 64), 64)
	if err != nil {
		return Float(math.NaN())
	}
	return Float(r)
}

// appendPickle appends the opcodes of Python's pickle, protocol 2, that make a value of strings, numbers, lists and
// objects.
func appendPickle(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, 'N')
	case int:
		if int64(int32(v)) != int64(v) {
			return binary.LittleEndian.AppendUint64(append(b, 0x8a, 8), uint64(v)) // LONG1
		}
		return binary.LittleEndian.AppendUint32(append(b, 'J'), uint32(v)) // BININT
	case string:
		v = strings.ToValidUTF8(v, "\uFFFD")
		b = binary.LittleEndian.AppendUint32(append(b, 'X'), uint32(len(v))) // BINUNICODE
		return append(b, v...)
	case []any:
		b = append(b, ']', '(') // EMPTY_LIST, MARK
		for _, e := range v {
			b = appendPickle(b, e)
		}
		return append(b, 'e') // APPENDS
	case object:
		b = append(b, '}', '(') // EMPTY_DICT, MARK
		for _, m := range v {
			b = appendPickle(appendPickle(b, m.key), m.value)
		}
		return append(b, 'u') // SETITEMS
	}
	panic(fmt.Sprintf("evalscope: no pickle of a %T", v))
}

// pickle returns a value as Python's pickle.loads reads it.
func pickle(v any) []byte { return append(appendPickle([]byte{0x80, 2}, v), '.') }

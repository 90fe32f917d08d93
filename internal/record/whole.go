package record

import (
	"math"
	"strconv"
)

// mostWhole is the greatest whole number that every float holds exactly.
const mostWhole = 1 << 53

// wholeNumbers returns a line whose numbers with a fraction of zeros, or an exponent, are written as the whole numbers that
// they are: 64.0, as a round trip through a data frame leaves it, is 64. It returns nil if there are none.
func wholeNumbers(line []byte) []byte {
	var out []byte
	copied := 0
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == '"':
			i += stringEnd(line[i:])
		case c == '-' || c-'0' <= 9:
			end, fraction := i+1, false
			for end < len(line) && (line[end]-'0' <= 9 || line[end] == '.' || line[end]|0x20 == 'e' || line[end] == '+' || line[end] == '-') {
				fraction = fraction || line[end]-'0' > 9
				end++
			}
			if v, err := strconv.ParseFloat(string(line[i:end]), 64); fraction && err == nil && v == math.Trunc(v) && math.Abs(v) <= mostWhole {
				out = append(append(out, line[copied:i]...), strconv.FormatInt(int64(v), 10)...)
				copied = end
			}
			i = end
		default:
			i++
		}
	}
	if out == nil {
		return nil
	}
	return append(out, line[copied:]...)
}

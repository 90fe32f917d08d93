package dataset

import "bytes"

// completed returns the beginning of an object, cut anywhere, as an object. A string that is cut off as a value becomes
// shorter; other members that are cut off are left out.
func completed(cut []byte) []byte {
	var open, closers []byte // the closing brackets of what is open: now, and where the text can end
	end := 0                 // where the text can end
	for i := 0; i < len(cut); i++ {
		switch c := cut[i]; c {
		case '{', '[':
			open = append(open, c+2) // in ASCII, '}' is '{'+2 and ']' is '['+2
			end, closers = i+1, bytes.Clone(open)
		case '}', ']':
			if open = open[:max(0, len(open)-1)]; len(open) == 0 {
				return cut[:i+1]
			}
			end, closers = i+1, bytes.Clone(open)
		case ',':
			end, closers = i, bytes.Clone(open)
		case '"':
			n := stringLen(cut[i:])
			if n > 0 {
				i += n - 1
				continue
			}
			if before := bytes.TrimRight(cut[:i], " \t\r\n"); len(before) > 0 && before[len(before)-1] == ':' {
				return closed(append(bytes.Clone(cut[:i-n]), '"'), open)
			}
			return closed(cut[:end], closers)
		}
	}
	return closed(cut[:end], closers)
}

// stringLen returns the length of the string that b begins with. If it does not end, the length is that of its whole
// characters and escapes, and negative.
func stringLen(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '"':
			return i + 1
		case b[i] == '\\' && i+6 > len(b): // the longest escape has six characters
			return -i
		case b[i] == '\\':
			i++
		}
	}
	return -len(b)
}

// closed returns text with brackets in reverse order behind it.
func closed(text, brackets []byte) []byte {
	out := bytes.Clone(text)
	for i := len(brackets) - 1; i >= 0; i-- {
		out = append(out, brackets[i])
	}
	return out
}

package sniff

import (
	"bufio"
	"bytes"
)

// BOM is the UTF-8 byte order mark, which some editors and spreadsheets write at the start of a file.
const BOM = "\uFEFF"

// TrimBOM returns b without a leading byte order mark.
func TrimBOM(b []byte) []byte { return bytes.TrimPrefix(b, []byte(BOM)) }

// SkipBOM discards a byte order mark if it is next in r, and reports whether it was. A read error stays in r.
func SkipBOM(r *bufio.Reader) bool {
	if b, _ := r.Peek(len(BOM)); string(b) != BOM {
		return false
	}
	r.Discard(len(BOM))
	return true
}

// Package fastjson reads and writes the JSON of the hot paths: request lines, record lines and the events of streams.
//
// It holds three things that cost a fraction of a general decoder:
//
//   - Functions that read or append one value, such as [Int], [Float] and [AppendString]. They look at eight bytes at a
//     time and allocate nothing.
//   - [Scanner], which walks over a text once and validates it.
//   - [Template], which recognizes texts that differ from an earlier one in a few values, and reads only those.
//
// It exports many names because each reads or writes one kind of value for callers that need no other.
//
// A reader returns the number of bytes that it took, or [Fail]. It may refuse valid JSON, such as a number with an
// exponent: the caller then decodes the text with a general decoder, which is go-json everywhere in this module. What
// a reader accepts it reads as that decoder does, which fuzz tests hold.
package fastjson

import "unsafe"

// Fail is what a reader returns in place of a length if the text does not begin with a value that it reads.
const Fail = -1

// View returns b as a string that shares the memory of b, so it is valid until b changes. The unsafe conversion saves
// the only allocation of reading an event of a stream, whose text is used before its buffer is.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Offset returns the index in b of part, which must be a View of a slice of b. A search for part could find another
// place with the same text.
func Offset(b []byte, part string) int {
	return int(uintptr(unsafe.Pointer(unsafe.StringData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}

package record

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/mask"
)

// Decoder reads record lines. The zero value is ready.
type Decoder struct {
	scan scanner
	slow Record // of the last line that the scanner left
}

// Decode gives the record of a line, a JSON object, with the Keys it has. Where it does not say ok, a record is that without
// an error, or a status of one. Its TPOTMs is zero where there are gaps, from which TPOT follows. It is good until the
// next call, and not to be changed; its strings may be kept.
func (d *Decoder) Decode(line []byte) (*Record, error) {
	r, ok := d.scan.scan(line)
	if !ok {
		r = &d.slow
		if err := r.decode(line); err != nil {
			return nil, err
		}
	}
	if r.Lacks(KeyOK) {
		r.OK = r.Error == nil && (r.Status == 0 || r.Status/100 == 2)
	}
	r.hide()
	return r, nil
}

// hide masks the secrets of URLs, which records that others made may hold.
func (r *Record) hide() {
	if strings.IndexByte(r.URL, '?') >= 0 || strings.IndexByte(r.URL, '@') >= 0 {
		r.URL = mask.URL(r.URL)
	}
	if r.Error != nil {
		r.Error.Message = mask.URLs(r.Error.Message)
	}
}

// decode reads a line of any form.
func (r *Record) decode(line []byte) error {
	// The decoder leaves absent keys as they are: without this they would keep the values of the line before.
	*r = Record{GapUs: r.GapUs[:0], ChunkTokens: r.ChunkTokens[:0]}
	err := json.Unmarshal(line, r)
	if err != nil {
		if whole := wholeNumbers(line); whole != nil {
			*r = Record{GapUs: r.GapUs[:0], ChunkTokens: r.ChunkTokens[:0]}
			err = json.Unmarshal(whole, r)
		}
	}
	if err != nil {
		return fmt.Errorf("not a record: %w", jsonl.Reason(err))
	}
	if len(r.GapUs) > 0 {
		r.TPOTMs = 0
	}
	r.Keys = keysOf(line)
	return nil
}

// Keys is a set of those keys of the record line whose absence says something else than zero does.
type Keys uint64

// keyLine marks a record that was read from a line. The other keys are in fields.go.
const keyLine Keys = 1 << 63

// Says reports whether the line had the key, or is to have it, so that a zero is one.
func (r *Record) Says(k Keys) bool { return r.Keys&k != 0 }

// Lacks reports whether the record was read from a line without the key.
func (r *Record) Lacks(k Keys) bool { return r.Keys&keyLine != 0 && r.Keys&k == 0 }

// keysOf gives the keys of an object, which is valid JSON.
func keysOf(line []byte) Keys {
	keys := keyLine
	depth := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			text := line[i : i+stringEnd(line[i:])]
			i += len(text) - 1
			rest := bytes.TrimLeft(line[i+1:], " \t\r\n")
			if depth != 1 || len(rest) == 0 || rest[0] != ':' {
				continue // a value
			}
			if !bytes.HasPrefix(bytes.TrimLeft(rest[1:], " \t\r\n"), []byte("null")) {
				var name string
				if json.Unmarshal(text, &name) == nil {
					keys |= KeyNamed(name)
				}
			}
		}
	}
	return keys
}

// stringEnd is the length of the string that b begins with.
func stringEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// KeyNamed gives the key of that name, in any case of letters, as decoders take them; 0 where its absence says no more
// than zero.
func KeyNamed(name string) Keys {
	i := slices.IndexFunc(fields[:], func(f field) bool { return strings.EqualFold(f.key[1:len(f.key)-2], name) })
	if i < 0 {
		return 0
	}
	return fields[i].bit
}

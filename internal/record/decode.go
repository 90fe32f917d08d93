package record

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/mask"
)

// Decoder reads record lines. The zero value is ready.
type Decoder struct {
	scan scanner
	slow Record // of the last line that the scanner did not read
}

// Decode returns the record of a line, with its Keys. If the line has no ok, the record is OK unless it has an error or
// a status other than 2xx. TPOTMs is zero if there are gaps, from which TPOT follows. The record is valid until the
// next call and must not be changed; its strings remain valid.
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

// hide masks secrets in URLs, which the records of other programs may have.
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
	// The decoder does not touch fields of absent keys, which would retain the values of the line before.
	*r = r.emptied()
	err := json.Unmarshal(line, r)
	if err != nil {
		if whole, ok := fastjson.WithWholeNumbers(line); ok {
			*r = r.emptied()
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

// emptied returns an empty record that keeps the memory of the lists.
func (r *Record) emptied() Record {
	return Record{GapUs: r.GapUs[:0], ChunkTokens: r.ChunkTokens[:0], AfterTurns: r.AfterTurns[:0]}
}

// Keys is a set of those keys of a record line whose absence means something else than a zero.
type Keys uint64

// keyLine marks a record that was read from a line. The other keys are in fields.go.
const keyLine Keys = 1 << 63

// Says reports whether the line has the key, so that a zero is a value.
func (r *Record) Says(k Keys) bool { return r.Keys&k != 0 }

// Lacks reports whether the record was read from a line without the key.
func (r *Record) Lacks(k Keys) bool { return r.Keys&keyLine != 0 && r.Keys&k == 0 }

// keysOf returns the keys of an object, which is valid JSON.
func keysOf(line []byte) Keys {
	keys := keyLine
	members, _ := fastjson.AppendMembers(nil, line)
	for _, m := range members {
		if string(m.Value) != "null" {
			keys |= KeyNamed(string(m.Name))
		}
	}
	return keys
}

// KeyNamed returns the key with the name, in upper or lower case, as decoders accept it. It returns 0 if the absence of
// that key means no more than a zero.
func KeyNamed(name string) Keys {
	i := slices.IndexFunc(fields[:], func(f field) bool { return strings.EqualFold(f.key[1:len(f.key)-2], name) })
	if i < 0 {
		return 0
	}
	return fields[i].bit
}

package dataset

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
)

// valid returns b if it is JSON. NaN and Infinity, which Python writes, become null.
func valid(b []byte) ([]byte, error) {
	if len(b) > 0 && b[0] == '{' {
		var buf [16]fastjson.Member
		if _, err := fastjson.AppendMembers(buf[:0], b); err == nil { // which is the faster one
			return b, nil
		}
	}
	if gjson.ValidBytes(b) {
		return b, nil
	}
	if plain, ok := fastjson.WithoutNaN(b); ok && gjson.ValidBytes(plain) {
		return plain, nil
	}
	if bytes.Contains(b, []byte(`\x22`)) {
		return b, errors.New("not valid JSON: nginx needs log_format … escape=json")
	}
	return b, fmt.Errorf("not valid JSON: %.40q", b)
}

// oneLine returns JSON without line feeds, which would end a line of the output.
func oneLine(raw []byte) []byte {
	if bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		return raw
	}
	return appendCompact(nil, raw)
}

// appendCompact appends valid JSON without the white space between its tokens.
func appendCompact(dst, raw []byte) []byte {
	for len(raw) > 0 {
		n := 0
		for n < len(raw) && raw[n] > ' ' && raw[n] != '"' {
			n++
		}
		if n < len(raw) && raw[n] == '"' {
			n += fastjson.StringLen(raw[n:])
			dst, raw = append(dst, raw[:n]...), raw[n:]
			continue
		}
		dst, raw = append(dst, raw[:n]...), raw[min(n+1, len(raw)):]
	}
	return dst
}

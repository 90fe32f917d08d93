package client

import (
	"bytes"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"perfpipe/internal/api"
	"perfpipe/internal/http1"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
)

// A body is decompressed by its Content-Encoding, unless it is not compressed at all.
func TestContentEncoding(t *testing.T) {
	text := hello + stop + done
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write([]byte(text))
	w.Close()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := string(z.EncodeAll([]byte(text), nil))
	for _, c := range []struct{ encoding, body, want string }{
		{"", text, ""},
		{"gzip", zipped.String(), ""},
		{"GZIP", zipped.String(), ""},
		{"identity, x-gzip", zipped.String(), ""},
		{"zstd", packed, ""},
		{"gzip", text, ""},
		{"zstd", text, ""},
		{"identity", text, ""},
		{"none", text, ""},
		{"UTF-8", text, ""},
		{"br", "\x0b\x02\x80abc\x03", "protocol: the answer is compressed in an unknown way (br)"},
		{"gzip, br", zipped.String(), "protocol: the answer is compressed in an unknown way (gzip, br)"},
		{"gzip", "\x1f\x8b\x08\x00", "truncated: the compressed answer is cut off"},
		{"gzip", zipped.String()[:zipped.Len()/2], "truncated: the compressed answer is cut off"},
		{"zstd", packed[:len(packed)/2], "truncated: the compressed answer is cut off"},
		{"gzip", "\x1f\x8b\x08\x00 no gzip at all", "protocol: the compressed answer is broken: flate: corrupt input before " +
			"offset 5"},
	} {
		for size := range 3 {
			d, _ := api.ForPath("/v1/chat/completions")
			rec, r := new(record.Record), reply{trip: new(trip)}
			r.begin(&call{ep: &endpoint{dialect: d, stream: true}, req: new(load.Request)}, true)
			r.rec = rec
			r.limit = new(Config).limit(true)
			r.Head(&http1.Header{Status: 200, ContentType: "text/event-stream", Encoding: c.encoding}, 1)
			for b := []byte(c.body); len(b) > 0; {
				n := min(len(b), 1+100*size)
				r.Body(b[:n], 1)
				b = b[n:]
			}
			r.finish(nil, 1)
			got := ""
			if rec.Error != nil {
				got = rec.Error.Kind + ": " + rec.Error.Message
			}
			if got != c.want || rec.OK && strings.TrimSpace(r.text.String()) != "hello" {
				t.Errorf("%s: %q %q, want %q", c.encoding, got, r.text.String(), c.want)
			}
		}
	}
}

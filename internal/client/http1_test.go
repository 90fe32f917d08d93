package client

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// gathered is a sink that keeps everything.
type gathered struct {
	heads  int
	status int
	ctype  string
	data   bytes.Buffer
}

func (g *gathered) head(h *header, at int64) { g.heads++; g.status = h.Status; g.ctype = h.ContentType }
func (g *gathered) body(b []byte, at int64)  { g.data.Write(b) }
func (g *gathered) ending() ending           { return going }

// parsed is what comes of a response's bytes, fed in the pieces given and ended by the connection's end.
type parsed struct {
	status     int
	ctype      string
	body, rest string
	keep, ok   bool
}

func parse(pieces ...string) parsed { return parseKnowing(nil, pieces...) }

func parseKnowing(known *heads, pieces ...string) parsed {
	p := parser{heads: known}
	var g gathered
	p.reset()
	rest := ""
	for i, piece := range pieces {
		n, err := p.feed([]byte(piece), &g, 0)
		if err != nil {
			return parsed{}
		}
		if p.done() {
			rest = piece[n:] + strings.Join(pieces[i+1:], "")
			break
		}
	}
	if !p.done() && p.eof() != nil {
		return parsed{}
	}
	if g.heads != 1 {
		return parsed{}
	}
	return parsed{g.status, g.ctype, g.data.String(), rest, p.keep, true}
}

// standardParse is the same by net/http.
func standardParse(raw string) parsed {
	r := bufio.NewReader(strings.NewReader(raw))
	for {
		resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodPost})
		if err != nil {
			return parsed{}
		}
		if resp.StatusCode/100 == 1 && resp.StatusCode != 101 {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return parsed{}
		}
		rest, _ := io.ReadAll(r)
		return parsed{resp.StatusCode, contentType([]byte(resp.Header.Get("Content-Type"))), string(body), string(rest), !resp.Close, true}
	}
}

var responses = []string{
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: Application/JSON; charset=utf-8\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\nrest",
	"HTTP/1.1 200 OK\n\nuntil the end",
	"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 204 No Content\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
	"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n2\r\nok\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nX-Policy: a;\r\n b\r\n\tc\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Type:\r\n text/event-stream\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
	// Not HTTP, or cut short.
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n 3\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	"HTTP/1.1 200 OK\r\nBad Header: 1\r\n\r\n",
	"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
	"ICY 200 OK\r\n\r\n",
	"HTTP/1.1 20 OK\r\n\r\n",
	"",
}

// The parser agrees with net/http on the same bytes, and with itself wherever they are split.
func TestParserAgreesWithNetHTTP(t *testing.T) {
	for _, raw := range responses {
		want := standardParse(raw)
		known := new(heads)
		for range 3 { // learnt, and known then
			if got := parseKnowing(known, raw); got != want {
				t.Errorf("%q:\n got %+v\nwant %+v", raw, got, want)
			}
		}
		for i := range raw {
			if got := parse(raw[:i], raw[i:]); got != want {
				t.Errorf("%q split at %d:\n got %+v\nwant %+v", raw, i, got, want)
				break
			}
		}
		if got := parse(strings.Split(raw, "")...); got != want {
			t.Errorf("%q byte by byte:\n got %+v\nwant %+v", raw, got, want)
		}
	}
}

// What net/http refuses and other clients read.
func TestParserReadsSloppyHeads(t *testing.T) {
	for _, fields := range []string{
		"Content-Length : 2",
		"Content-Length\t: 2",
		"Content-Length: 2, 2",
		"Content-Length: 2\r\nTransfer-Encoding: identity",
		"Content-Length: 2\r\nX-Name : caf\xe9",
	} {
		raw := "HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\nokrest"
		for i := range raw {
			if got := parse(raw[:i], raw[i:]); !got.ok || got.body != "ok" || got.rest != "rest" {
				t.Fatalf("%q split at %d: %+v", raw, i, got)
			}
		}
	}
	for _, before := range []string{"\r\n", "\n", strings.Repeat("\r\n", mostBlank)} { // left behind by the response before
		if got := parse(before + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); !got.ok || got.body != "ok" {
			t.Errorf("%q: %+v", before, got)
		}
		var p parser
		p.reset()
		if p.feed([]byte(before), &gathered{}, 0); p.begun() {
			t.Errorf("%q begins a response", before)
		}
	}
	if got := parse(strings.Repeat("\r\n", mostBlank+1) + "HTTP/1.1 204 No Content\r\n\r\n"); got.ok {
		t.Errorf("blank lines without end: %+v", got)
	}
	for _, fields := range []string{"Content-Length: 2, 3", "Content-Length: 2,", ": 2", " X: 2", "Transfer-Encoding: gzip"} {
		raw := "HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\nok"
		if got := parse(raw); got.ok {
			t.Errorf("%q: %+v", raw, got)
		}
	}
}

// A head is learnt when it was whole in one piece, and each that differs at first, then fewer and fewer.
func TestHeadsAreLearnt(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	known := new(heads)
	parseKnowing(known, head[:20], head[20:]+"\r\nok")
	if known.last.Load() != nil {
		t.Error("half a head is learnt")
	}
	learnt := 0
	for i := range 100 {
		raw := head + "X-Id: " + strconv.Itoa(i) + "\r\n\r\nok"
		if got := parseKnowing(known, raw); !got.ok || got.body != "ok" || !got.keep {
			t.Fatalf("%q: %+v", raw, got)
		}
		if strings.HasPrefix(raw, string(known.last.Load().text)) {
			learnt++
		}
	}
	if learnt != 4+4 { // the first four, then 8, 16, 32 and 64
		t.Errorf("%d of 100 heads are learnt", learnt)
	}
	for range 2 {
		if got := parseKnowing(known, string(known.last.Load().text)+"ok"); !got.ok || got.body != "ok" || known.missed.Load() != 0 {
			t.Errorf("a known head: %+v", got)
		}
	}
}

func TestParserBoundsTheHead(t *testing.T) {
	for _, raw := range []string{
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHead),
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", maxHead/6),
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 5000),
	} {
		var p parser
		p.reset()
		if _, err := p.feed([]byte(raw), &gathered{}, 0); err == nil {
			t.Errorf("%.40q… of %d bytes is taken", raw, len(raw))
		}
	}
}

// Whatever both take, they take alike; and a split changes nothing.
func FuzzParser(f *testing.F) {
	for _, raw := range responses {
		f.Add(raw, 20, 45)
	}
	f.Fuzz(func(t *testing.T, raw string, i, j int) {
		got := parse(raw)
		if want := standardParse(raw); got.ok && want.ok && got != want {
			t.Errorf("%q:\n got %+v\nwant %+v", raw, got, want)
		}
		known := new(heads)
		for range 2 {
			if again := parseKnowing(known, raw); again != got {
				t.Errorf("%q by heart:\n got %+v\nwant %+v", raw, again, got)
			}
		}
		i, j = min(max(i, 0), len(raw)), min(max(j, 0), len(raw))
		i, j = min(i, j), max(i, j)
		if split := parse(raw[:i], raw[i:j], raw[j:]); split != got {
			t.Errorf("%q split at %d, %d:\n got %+v\nwant %+v", raw, i, j, split, got)
		}
	})
}

package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"perfpipe/internal/clock"
)

// gathered is a Sink that stores everything.
type gathered struct {
	heads  int
	status int
	ctype  string
	data   bytes.Buffer
}

func (g *gathered) Head(h *Header, _ clock.Nanos) {
	g.heads++
	g.status = h.Status
	g.ctype = h.ContentType
}
func (g *gathered) Body(b []byte, at clock.Nanos) { g.data.Write(b) }
func (g *gathered) Phase() Phase                  { return Going }
func (g *gathered) Several() bool                 { return false }

// parsed is a response as the parser returned it.
type parsed struct {
	status     int
	ctype      string
	body, rest string
	keepAlive  bool
	ok         bool
}

func parse(pieces ...string) parsed { return parseWith(nil, pieces...) }

func parseWith(cache *headCache, pieces ...string) parsed {
	p := parser{cache: cache}
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
	return parsed{g.status, g.ctype, g.data.String(), rest, p.keepAlive, true}
}

// standardParse parses a response with net/http.
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
		return parsed{resp.StatusCode, HeaderOf(resp, nil).ContentType, string(body), string(rest), !resp.Close, true}
	}
}

var responses = []string{
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: Application/JSON; charset=utf-8\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n" +
		"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\nrest",
	"HTTP/1.1 200 OK\n\nuntil the end",
	"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.0 200 OK\r\nContent-Type: a \t\r\n\t b\r\n c\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n  \r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 204 No Content\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
	"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n2\r\nok\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nX-Policy: a;\r\n b\r\n\tc\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Type:\r\n text/event-stream\r\n" +
		"Transfer-Encoding:\r\n\tchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
	// Not HTTP, or truncated.
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
		cache := new(headCache)
		for range 3 { // cached first, and found then
			if got := parseWith(cache, raw); got != want {
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

// Heads that net/http rejects and other clients read.
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
	for _, before := range []string{"\r\n", "\n", strings.Repeat("\r\n", maxBlank)} { // left over from the one before
		if got := parse(before + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); !got.ok || got.body != "ok" {
			t.Errorf("%q: %+v", before, got)
		}
		var p parser
		p.reset()
		if p.feed([]byte(before), &gathered{}, 0); p.begun() {
			t.Errorf("%q begins a response", before)
		}
	}
	if got := parse(strings.Repeat("\r\n", maxBlank+1) + "HTTP/1.1 204 No Content\r\n\r\n"); got.ok {
		t.Errorf("blank lines without end: %+v", got)
	}
	for _, fields := range []string{
		"Content-Length: 2, 3", "Content-Length: 2,", ": 2", " X: 2", "Transfer-Encoding: gzip",
	} {
		raw := "HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\nok"
		if got := parse(raw); got.ok {
			t.Errorf("%q: %+v", raw, got)
		}
	}
}

// A head is cached if it came in one piece, and each one that differs at first, then fewer and fewer.
func TestHeadCache(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	cache := new(headCache)
	parseWith(cache, head[:20], head[20:]+"\r\nok")
	if cache.last.Load() != nil {
		t.Error("half a head is cached")
	}
	cached := 0
	for i := range 100 {
		raw := head + "X-Id: " + strconv.Itoa(i) + "\r\n\r\nok"
		if got := parseWith(cache, raw); !got.ok || got.body != "ok" || !got.keepAlive {
			t.Fatalf("%q: %+v", raw, got)
		}
		if strings.HasPrefix(raw, string(cache.last.Load().text)) {
			cached++
		}
	}
	if cached != 4+4 { // the first four, then 8, 16, 32 and 64
		t.Errorf("%d of 100 heads are cached", cached)
	}
	for range 2 {
		got := parseWith(cache, string(cache.last.Load().text)+"ok")
		if !got.ok || got.body != "ok" || cache.missed.Load() != 0 {
			t.Errorf("a cached head: %+v", got)
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
			t.Errorf("%.40q… of %d bytes is accepted", raw, len(raw))
		}
	}
}

// blankName matches a field name with a blank behind it, which net/http keeps as part of the name. We remove it, as
// RFC 9112 §5.1 demands of a proxy.
var blankName = regexp.MustCompile(`(?m)^[^:\n]*[ \t]:`)

// The parser and net/http agree on what both accept, and a split changes nothing.
func FuzzParser(f *testing.F) {
	for _, raw := range responses {
		f.Add(raw, 20, 45)
	}
	f.Fuzz(func(t *testing.T, raw string, i, j int) {
		got := parse(raw)
		want := standardParse(raw)
		if got.ok && want.ok && got != want && !blankName.MatchString(raw) {
			t.Errorf("%q:\n got %+v\nwant %+v", raw, got, want)
		}
		cache := new(headCache)
		for range 2 {
			if again := parseWith(cache, raw); again != got {
				t.Errorf("%q from the cache:\n got %+v\nwant %+v", raw, again, got)
			}
		}
		i, j = min(max(i, 0), len(raw)), min(max(j, 0), len(raw))
		i, j = min(i, j), max(i, j)
		if split := parse(raw[:i], raw[i:j], raw[j:]); split != got {
			t.Errorf("%q split at %d, %d:\n got %+v\nwant %+v", raw, i, j, split, got)
		}
	})
}

// A connection that ends within the status line cuts the response off. Other words show that they are not HTTP.
func TestEndWithinTheStatusLine(t *testing.T) {
	for line, malformed := range map[string]bool{
		"H": false, "HTTP/1.1 2": false, "HTTP/1.1 200 O": false,
		"HTTP/2": true, "HTTP/1.1 OK": true, "220 mail": true,
	} {
		var p parser
		p.reset()
		_, err := p.feed([]byte(line), new(gathered), 0)
		if err == nil {
			err = p.eof()
		}
		if errors.Is(err, ErrMalformed) != malformed || malformed == errors.Is(err, errTruncated) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// A 408 crosses a request only if it comes soon: a gateway may send one for a server that takes too long.
func TestA408ThatComesLate(t *testing.T) {
	clk := clock.New()
	for after, want := range map[time.Duration]error{time.Millisecond: errStale, 2 * time.Second: nil} {
		x := newConnConfig(&Config{}, clk).exchange(nil, "h:80")
		x.p.reset()
		var g gathered
		x.s, x.t = &g, &Timing{Reused: true}
		sent := time.Now()
		x.start = clk.At(sent)
		done, err := x.received([]byte("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"), sent.Add(after), 0)
		if err != want || done != (want == nil) || done && g.status != http.StatusRequestTimeout {
			t.Errorf("after %v: done %t, %v, status %d", after, done, err, g.status)
		}
	}
}

package otlp

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/record"
)

const trace = "0123456789abcdef0123456789abcdef"

// threeOf returns the records of a request and two that follow from it, one of which failed with a third.
func threeOf() []*record.Record {
	rec := func(turn int, after ...int) *record.Record {
		return &record.Record{
			ID: fmt.Sprint("r", turn), Session: "s", Turn: turn, Turns: 4, AfterTurns: after, TraceID: trace,
			SpanID: fmt.Sprintf("00000000000000%02x", 16*turn), ScheduledUs: int64(turn) * 1000, SentUs: int64(turn) * 1000,
			LatencyMs: 5, OK: true, Op: "chat", API: "openai", Model: "m", URL: "http://h:81/v1/chat/completions", Status: 200,
		}
	}
	a, b, c := rec(1), rec(2, 1), rec(3, 1)
	a.TTFTMs, a.PromptTokens, a.CompletionTokens, a.CachedTokens, a.FinishReason, a.ServerID = 2, 7, 3, 4, "stop", "srv"
	b.DelayMs = 0.5
	c.OK, c.Error, c.Skipped = false, &record.Error{Kind: "http", Message: "HTTP 500: no"}, 1
	return []*record.Record{a, b, c}
}

// exported returns the spans of records, in the order in which they were exported.
func exported(t *testing.T, recs ...*record.Record) (spans []span) {
	t.Helper()
	e := New(func(_ context.Context, b []byte) error {
		var r request
		if err := json.Unmarshal(b, &r); err != nil {
			t.Error(err)
		}
		spans = append(spans, r.Spans[0].Spans[0].Spans...)
		return nil
	})
	for _, r := range recs {
		one := *r
		e.Add(&one)
		one = record.Record{FinishReason: "of the next"} // the memory of a record is used again
	}
	if made, lost, err := e.Close(); made != len(spans) || lost != 0 || err != nil {
		t.Errorf("%d made, %d exported, %d lost, %v", made, len(spans), lost, err)
	}
	return spans
}

// shown shows a span.
func shown(s *span) string {
	var links []string
	for _, l := range s.Links {
		links = append(links, l.SpanID)
	}
	failed := ""
	if s.Status != nil {
		failed = fmt.Sprint(" failed ", s.Status.Message)
	}
	return fmt.Sprintf("%s %d %s<%s %s-%s %v%s", s.Name, s.Kind, s.SpanID, s.Parent, s.Start, s.End, links, failed)
}

func TestSessionIsATrace(t *testing.T) {
	const root = "0123456789abcdef"
	want := []string{
		"chat m 3 0000000000000010<" + root + " 1000000-6000000 []",
		"execute_tool 1 8000000000000021<" + root + " 1500000-2000000 []",
		"chat m 3 0000000000000020<" + root + " 2000000-7000000 [0000000000000010]",
		"invoke_agent 1 " + root + "< 1000000-8000000 [] failed ",
		"chat m 3 0000000000000030<" + root + " 3000000-8000000 [0000000000000010] failed HTTP 500: no",
	}
	var got []string
	for _, s := range exported(t, threeOf()...) {
		if s.TraceID != trace {
			t.Errorf("trace %s", s.TraceID)
		}
		got = append(got, shown(&s))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// A session that is cut short has its span, too.
	if cut := exported(t, threeOf()[:1]...); len(cut) != 2 || cut[1].Name != "invoke_agent" {
		t.Errorf("%+v", cut)
	}
}

func TestAttributes(t *testing.T) {
	spans := exported(t, threeOf()[0])
	b, err := json.Marshal(spans[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}}`,
		`{"key":"gen_ai.response.id","value":{"stringValue":"srv"}}`,
		`{"key":"gen_ai.conversation.id","value":{"stringValue":"s"}}`,
		`{"key":"gen_ai.response.finish_reasons","value":{"arrayValue":{"values":[{"stringValue":"stop"}]}}}`,
		`{"key":"gen_ai.usage.input_tokens","value":{"intValue":"7"}}`,
		`{"key":"gen_ai.usage.output_tokens","value":{"intValue":"3"}}`,
		`{"key":"gen_ai.usage.cache_read.input_tokens","value":{"intValue":"4"}}`,
		`{"key":"gen_ai.response.time_to_first_chunk","value":{"doubleValue":0.002}}`,
		`{"key":"server.address","value":{"stringValue":"h"}}`, `{"key":"server.port","value":{"intValue":"81"}}`,
		`"events":[{"timeUnixNano":"3000000","name":"first token"}]`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
}

// A request outside of sessions is a trace of its own, and a record without ids is none.
func TestSingleRequests(t *testing.T) {
	r := &record.Record{TraceID: trace, SpanID: "00000000000000aa", SentUs: 5, Op: "completion", OK: true}
	spans := exported(t, r, &record.Record{SentUs: 5})
	if len(spans) != 1 || spans[0].Parent != "" || spans[0].Name != "text_completion" {
		t.Errorf("%+v", spans)
	}
}

// collector answers with the next of its answers, and keeps what it accepted.
type collector struct {
	answers []int // status codes; 0: 200 with a partial success
	got     []string
	posts   int
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := c.answers[min(c.posts, len(c.answers)-1)]
	c.posts++
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		w.WriteHeader(400)
		return
	}
	b, _ := io.ReadAll(z)
	switch status {
	case 200:
		c.got = append(c.got, r.URL.Path+" "+r.Header.Get("Content-Type")+" "+r.Header.Get("X-Key")+" "+string(b))
	case 0:
		io.WriteString(w, `{"partialSuccess":{"rejectedSpans":"2","errorMessage":"full"}}`)
	default:
		w.WriteHeader(status)
		io.WriteString(w, "why")
	}
}

func TestCollector(t *testing.T) {
	for _, c := range []struct {
		answers []int
		posts   int
		err     string
	}{
		{[]int{200}, 1, ""},
		{[]int{503, 429, 200}, 3, ""},
		{[]int{400}, 1, "HTTP 400: why"},
		{[]int{500, 200}, 1, "HTTP 500: why"},
		{[]int{0}, 1, "2 spans were rejected: full"},
	} {
		col := &collector{answers: c.answers}
		srv := httptest.NewServer(col)
		u, _ := url.Parse(srv.URL)
		err := To(u, map[string]string{"X-Key": "k"})(t.Context(), []byte("{}"))
		srv.Close()
		if fmt.Sprint(err) != c.err && (err != nil || c.err != "") || col.posts != c.posts {
			t.Errorf("%v: %v after %d posts, want %s after %d", c.answers, err, col.posts, c.err, c.posts)
		}
		if want := "/v1/traces application/json k {}"; err == nil && !slices.Equal(col.got, []string{want}) {
			t.Errorf("%v: %q", c.answers, col.got)
		}
	}
}

func TestLostSpansAreCounted(t *testing.T) {
	bad := errors.New("bad")
	e := New(func(context.Context, []byte) error { return bad })
	for _, r := range threeOf() {
		e.Add(r)
	}
	if made, lost, err := e.Close(); made != 5 || lost != 5 || !errors.Is(err, bad) {
		t.Errorf("%d made, %d lost, %v", made, lost, err)
	}
}

// TestRejectedSpans checks that of a batch only the spans are lost that the collector rejects.
func TestRejectedSpans(t *testing.T) {
	e := New(func(context.Context, []byte) error { return &rejection{2, "full"} })
	for _, r := range threeOf() {
		e.Add(r)
	}
	if made, lost, err := e.Close(); made != 5 || lost != 2 || err == nil {
		t.Errorf("%d made, %d lost, %v", made, lost, err)
	}
}

// TestSilentCollector checks that a collector that never answers delays the end of the run by ten seconds at most.
func TestSilentCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(func(ctx context.Context, _ []byte) error {
			<-ctx.Done()
			return context.Cause(ctx)
		})
		for range 5 * batchSpans {
			e.Add(&record.Record{TraceID: trace, SpanID: "00000000000000aa"})
		}
		begin := time.Now()
		made, lost, err := e.Close()
		if made != 5*batchSpans || lost != made || err == nil || time.Since(begin) != closeTimeout {
			t.Errorf("%d made, %d lost, %v after %v", made, lost, err, time.Since(begin))
		}
	})
}

// TestSlowCollector checks that a collector that takes a batch, or some of its spans, in nine seconds gets all of them.
func TestSlowCollector(t *testing.T) {
	for rejected, err := range map[int]error{0: nil, 5: &rejection{1, "full"}} {
		synctest.Test(t, func(t *testing.T) {
			e := New(func(ctx context.Context, _ []byte) error {
				time.Sleep(9 * time.Second)
				return cmp.Or(context.Cause(ctx), err)
			})
			for range 5 * batchSpans {
				e.Add(&record.Record{TraceID: trace, SpanID: "00000000000000aa"})
			}
			if made, lost, why := e.Close(); made != 5*batchSpans || lost != rejected || why != err {
				t.Errorf("%d made, %d lost, %v", made, lost, why)
			}
		})
	}
}

// TestAbandoned checks that a post and a pause between two of them end with the context.
func TestAbandoned(t *testing.T) {
	released := make(chan struct{})
	for name, answer := range map[string]http.HandlerFunc{
		"silent": func(_ http.ResponseWriter, r *http.Request) { <-released },
		"busy": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "4")
			w.WriteHeader(503)
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			cause := errors.New("over")
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				cancel(cause)
				answer(w, r)
			}))
			defer srv.Close()
			u, _ := url.Parse(srv.URL)
			if err := To(u, nil)(ctx, []byte("{}")); !errors.Is(err, cause) {
				t.Errorf("%v", err)
			}
			if name == "silent" {
				close(released)
			}
		})
	}
}

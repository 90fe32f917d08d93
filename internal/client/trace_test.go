package client

import (
	"regexp"
	"testing"

	"perfpipe/internal/load"
	"perfpipe/internal/request"
)

// The requests of a session are spans of one trace; others are traces of their own. The header has the record's ids.
func TestTraceparent(t *testing.T) {
	for _, plain := range []bool{false, true} {
		s := new(seen)
		var reqs []*load.Request
		for i, of := range []string{"s", "s", "t", "", ""} {
			r := load.NewRequest(request.Request{ID: "a"})
			r.Of, r.Seq = of, int64(i)
			reqs = append(reqs, r)
		}
		reqs[4].Headers = map[string]string{"Traceparent": "mine"}
		recs := identify(t, s, func(c *Config) { c.Trace, c.Traceparent, c.plain = true, true, plain }, reqs...)
		traces, spans := map[string]int{}, map[string]int{}
		for i, r := range recs {
			head := s.all()[i].Get("traceparent")
			if want := "00-" + r.TraceID + "-" + r.SpanID + "-01"; head != want && i < 4 || i == 4 && head != "mine" {
				t.Errorf("plain %v: %s, want %s", plain, head, want)
			}
			if i < 4 && !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`).MatchString(head) {
				t.Errorf("malformed: %s", head)
			}
			traces[r.TraceID]++
			spans[r.SpanID]++
		}
		if len(traces) != 4 || traces[recs[0].TraceID] != 2 || len(spans) != 5 {
			t.Errorf("plain %v: traces %v, spans %v", plain, traces, spans)
		}
	}
	s := new(seen)
	r := identify(t, s, nil, load.NewRequest(request.Request{ID: "a"}))[0]
	if r.TraceID != "" || s.all()[0].Get("traceparent") != "" {
		t.Errorf("traced, though nobody asked: %+v", r.TraceID)
	}
}

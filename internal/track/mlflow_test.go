package track

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// server is an MLflow server that records requests, and rejects those that status has a code for.
type server struct {
	t        *testing.T
	status   map[string]int // by the end of the path
	artifact string         // URI
	asked    []string
	bodies   map[string][]string // by the end of the path
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/base/api/2.0/mlflow/"),
		"/base/api/2.0/mlflow-artifacts/artifacts/")
	s.asked = append(s.asked, r.Method+" "+name)
	s.bodies[name] = append(s.bodies[name], string(body))
	if user, pass, _ := r.BasicAuth(); user != "me" || pass != "pw" {
		s.t.Errorf("user %q, password %q", user, pass)
	}
	if status := s.status[name]; status != 0 {
		w.WriteHeader(status)
		code := map[int]string{http.StatusNotFound: "RESOURCE_DOES_NOT_EXIST"}[status]
		fmt.Fprintf(w, `{"error_code":%q,"message":"there is\nnone"}`, code)
		return
	}
	switch name {
	case "experiments/get-by-name":
		fmt.Fprint(w, `{"experiment":{"experiment_id":"7"}}`)
	case "experiments/create":
		fmt.Fprint(w, `{"experiment_id":"8"}`)
	case "runs/create":
		fmt.Fprintf(w, `{"run":{"info":{"run_id":"r1","artifact_uri":%q}}}`, s.artifact)
	}
}

func newServer(t *testing.T) (*server, *mlflow) {
	s := &server{t: t, status: map[string]int{}, artifact: "mlflow-artifacts:/7/r1/artifacts",
		bodies: map[string][]string{}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	m := newMLflow(Options{Project: "bench", Getenv: func(name string) string {
		return map[string]string{"MLFLOW_TRACKING_URI": strings.Replace(srv.URL, "//", "//me:pw@", 1) + "/base/"}[name]
	}})
	return s, m
}

func TestMLflow(t *testing.T) {
	s, m := newServer(t)
	s.status["experiments/get-by-name"] = http.StatusNotFound
	file := filepath.Join(t.TempDir(), "records.jsonl")
	if err := os.WriteFile(file, []byte("{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	events := []*event{
		{Op: opRun, Name: "n", TimeMs: 1, Config: map[string]any{"by": []any{"run"},
			"p": map[string]any{"rate=4": map[string]any{"mode": "open"}}}},
		{Op: opLog, Point: "rate=4", Step: 3, TimeMs: 2, Values: values{{"KV Cache Hit Rate (%)", 2},
			{"Req Throughput (req/s)", 1.5}}},
		{Op: opTable, Name: "summary", Columns: []string{"a"}, Rows: [][]any{{nil}}},
		{Op: opChart, Name: "c (s)", TimeMs: 4, Series: []series{{"rate=4", [][2]float64{{50, 1}, {99, 2}, {99.9, 3}}}}},
		{Op: opFile, Path: file},
		{Op: opFinish, TimeMs: 9},
	}
	for _, e := range events {
		place, err := m.send(t.Context(), e, nil)
		if err != nil {
			t.Fatalf("%s: %v", e.Op, err)
		}
		if e.Op == opRun && place != m.base+"/#/experiments/8/runs/r1" || strings.Contains(place, "pw") {
			t.Errorf("place %q", place)
		}
	}
	want := []string{
		"GET experiments/get-by-name", "POST experiments/create", "POST runs/create", "POST runs/log-batch",
		"POST runs/log-batch",
		"PUT 7/r1/artifacts/summary.json", "POST runs/set-tag", "POST runs/log-batch", "PUT 7/r1/artifacts/records.jsonl",
		"POST runs/update",
	}
	if !reflect.DeepEqual(s.asked, want) {
		t.Errorf("asked %q\nwant  %q", s.asked, want)
	}
	for name, want := range map[string][]string{
		"runs/log-batch": {
			`{"run_id":"r1","params":[{"key":"by","value":"[\"run\"]"},{"key":"p/rate:4/mode","value":"open"}]}`,
			`{"run_id":"r1","metrics":[{"key":"rate:4/KV Cache Hit Rate percent","value":2,"timestamp":2,"step":3},
				{"key":"rate:4/Req Throughput req per s","value":1.5,"timestamp":2,"step":3}]}`,
			`{"run_id":"r1","metrics":[{"key":"c s/rate:4","value":1,"timestamp":4,"step":50},
				{"key":"c s/rate:4","value":2,"timestamp":4,"step":99}]}`,
		},
		"7/r1/artifacts/summary.json": {`{"columns":["a"],"data":[[null]]}`},
		"runs/update":                 {`{"run_id":"r1","status":"FINISHED","end_time":9}`},
	} {
		for i, body := range s.bodies[name] {
			var got, wanted any
			if err := errors.Join(json.Unmarshal([]byte(body), &got), json.Unmarshal([]byte(want[i]), &wanted)); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, wanted) {
				t.Errorf("%s: got %s", name, body)
			}
		}
	}
}

func TestMLflowTrouble(t *testing.T) {
	run := &event{Op: opRun, Name: "n", Config: map[string]any{"a": "b"}}
	for _, c := range []struct {
		call   string
		status int
		again  bool
		hint   string
	}{
		{"experiments/get-by-name", 503, true, ""},
		{"experiments/get-by-name", 401, false,
			"MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, say who you are"},
		{"runs/create", 429, true, ""},
		{"runs/log-batch", 400, false, ""},
	} {
		s, m := newServer(t)
		s.status[c.call] = c.status
		_, err := m.send(t.Context(), run, nil)
		var tr *trouble
		if !errors.As(err, &tr) || tr.again != c.again || tr.hint != c.hint {
			t.Errorf("%s %d: %#v", c.call, c.status, err)
		}
		if want := fmt.Sprintf("%d %s: there is none", c.status, http.StatusText(c.status)); err.Error() != want {
			t.Errorf("it says %q, want %q", err, want)
		}
	}
}

// TestMLflowRetryMakesNoSecondRun checks that a retry after a failure between two calls does not create a second run.
func TestMLflowRetryMakesNoSecondRun(t *testing.T) {
	s, m := newServer(t)
	run := &event{Op: opRun, Name: "n", Config: map[string]any{"a": "b"}}
	s.status["runs/log-batch"] = 503
	if _, err := m.send(t.Context(), run, nil); err == nil {
		t.Fatal("no error")
	}
	s.status["runs/log-batch"] = 0
	if _, err := m.send(t.Context(), run, nil); err != nil {
		t.Fatal(err)
	}
	want := []string{"GET experiments/get-by-name", "POST runs/create", "POST runs/log-batch", "POST runs/log-batch"}
	if !reflect.DeepEqual(s.asked, want) {
		t.Errorf("asked %q", s.asked)
	}
}

func TestMLflowWhoseFilesLieElsewhere(t *testing.T) {
	s, m := newServer(t)
	s.artifact = "s3://bucket/7/r1"
	if _, err := m.send(t.Context(), &event{Op: opRun, Name: "n"}, nil); err != nil {
		t.Fatal(err)
	}
	_, err := m.send(t.Context(), &event{Op: opTable, Name: "summary"}, nil)
	var tr *trouble
	if !errors.As(err, &tr) || !tr.small {
		t.Fatal(err)
	}
}

func TestMLflowAddress(t *testing.T) {
	for uri, want := range map[string]string{
		"sqlite:///x.db": `MLFLOW_TRACKING_URI is of scheme "sqlite", and only servers are reached`,
		"./mlruns":       `MLFLOW_TRACKING_URI is of scheme "", and only servers are reached`,
		"http://a b":     "MLFLOW_TRACKING_URI is not a URL",
	} {
		m := newMLflow(Options{Getenv: func(
			name string) string {
			return map[string]string{"MLFLOW_TRACKING_URI": uri}[name]
		}})
		if _, err := m.send(t.Context(), &event{Op: opRun}, nil); err == nil || err.Error() != want {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestMLflowKey(t *testing.T) {
	long := strings.Repeat("a", 300)
	x, y := mlflowKey(long+"x"), mlflowKey(long+"y")
	if len(x) != nameLimit || x == y || mlflowKey("short") != "short" {
		t.Errorf("%q and %q", x, y)
	}
}

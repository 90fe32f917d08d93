package evalscope

import (
	"bytes"
	"database/sql"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-json"

	"perfpipe/internal/group"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// row is a row of evalscope's database, in seconds. Failed requests have neither times nor tokens.
type row struct {
	Start      float64   `json:"start_time"`
	End        float64   `json:"completed_time"`
	Gaps       []float64 `json:"inter_token_latencies"`
	OK         int       `json:"success"`
	Latency    *float64  `json:"latency"`
	First      *float64  `json:"first_chunk_latency"`
	Prompt     *int      `json:"prompt_tokens"`
	Completion *int      `json:"completion_tokens"`
	GPU        *float64  `json:"max_gpu_memory_cost"`
	PerToken   *float64  `json:"time_per_output_token"`
	Stream     int       `json:"is_stream"`

	Messages int  `json:"messages,omitempty"` // not in the database
	Cached   *int `json:"cached,omitempty"`
	Empty    int  `json:"empty,omitempty"`
}

func micro(seconds float64) int64 { return int64(math.Round(seconds * 1e6)) }

// record returns the record of the request that evalscope sent.
func (r *row) record(kind, point string) record.Record {
	level, number, _ := strings.Cut(point, "_number_")
	out := record.Record{
		Run: level, SentUs: micro(r.Start), ScheduledUs: micro(r.Start), OK: r.OK == 1, Op: "chat",
		LatencyMs: float64(micro(r.End-r.Start)) / 1000, FinishReason: "length",
		Request: []byte(`{"stream":` + strconv.FormatBool(r.Stream == 1) + `}`),
	}
	out.Number, _ = strconv.Atoi(number)
	name, value, _ := strings.Cut(level, "_")
	if n, _ := strconv.ParseFloat(value, 64); name == "rate" {
		out.Rate, out.Mode = n, openLoop
	} else {
		out.Parallel, out.Mode = int(n), "closed"
	}
	if kind == "embed" {
		out.Op = "embedding"
	}
	for _, gap := range r.Gaps {
		out.GapUs = append(out.GapUs, micro(gap))
	}
	if out.OK {
		out.PromptTokens, out.CompletionTokens = *r.Prompt, *r.Completion
		if r.Stream == 1 {
			out.TTFTMs = float64(micro(*r.First)) / 1000
		}
	}
	out.EmptyChunks = r.Empty
	if r.Cached != nil {
		out.CachedTokens = *r.Cached
	}
	return out
}

// long matches numbers that evalscope does not round. Their last digits depend on the order of additions.
var long = regexp.MustCompile(`\d+\.\d{7,}`)

// short shortens the numbers of a file that were not rounded.
func short(text []byte) []byte {
	return long.ReplaceAllFunc(text, func(b []byte) []byte {
		f, _ := strconv.ParseFloat(string(b), 64) // it looks like a number
		return strconv.AppendFloat(nil, f, 'g', 7, 64)
	})
}

// TestReal writes the folders of the requests that evalscope 1.14.1 sent, and compares them with its own files, byte by
// byte. scripts/test-evalscope --update writes these.
func TestReal(t *testing.T) {
	points, err := filepath.Glob("testdata/real/*/*")
	if err != nil || len(points) < 9 {
		t.Fatalf("%d load points, %v", len(points), err)
	}
	for _, real := range points {
		kind := filepath.Base(filepath.Dir(real))
		t.Run(kind+"/"+filepath.Base(real), func(t *testing.T) {
			rows := readRows(t, real)
			dir := filepath.Join(export(t, kind, real, rows), filepath.Base(real))
			checkRows(t, filepath.Join(dir, databaseFile), rows)
			files, err := filepath.Glob(filepath.Join(real, "*.json"))
			if err != nil || len(files) < 4 {
				t.Fatalf("%d files, %v", len(files), err)
			}
			for _, file := range files {
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				want = bytes.ReplaceAll(want, []byte("NaN"), []byte("null"))
				got, err := os.ReadFile(filepath.Join(dir, filepath.Base(file)))
				got, want = short(got), short(want)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %v\ngot\n%s\nwant\n%s", filepath.Base(file), err, got, want)
				}
			}
		})
	}
}

// readRows returns the rows of a load point.
func readRows(t *testing.T, real string) (rows []row) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(real, "result.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var r row
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

// checkRows compares the rows of a database with evalscope's.
func checkRows(t *testing.T, path string, rows []row) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found, err := db.Query(`SELECT start_time, completed_time, inter_token_latencies, success, latency,
		first_chunk_latency, prompt_tokens, completion_tokens, max_gpu_memory_cost, time_per_output_token, is_stream
		FROM result`)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for _, want := range rows {
		var got row
		var gaps string
		if !found.Next() {
			t.Fatalf("a row is missing: %v", found.Err())
		}
		if err := found.Scan(&got.Start, &got.End, &gaps, &got.OK, &got.Latency, &got.First, &got.Prompt, &got.Completion,
			&got.GPU, &got.PerToken, &got.Stream); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(gaps), &got.Gaps); err != nil {
			t.Fatal(err)
		}
		want.Messages, want.Cached, want.Empty = 0, nil, 0
		a, _ := json.Marshal(got) // rows always marshal
		b, _ := json.Marshal(want)
		if a, b := rounding.ReplaceAllFunc(a, sixth), rounding.ReplaceAllFunc(b, sixth); !bytes.Equal(a, b) {
			t.Errorf("got  %s\nwant %s", a, b)
		}
	}
}

// rounding matches the numbers of rows, which differ in their last digits from the differences of evalscope's clock.
var rounding = regexp.MustCompile(`\d+\.\d+(e-\d+)?|\d+e-\d+`)

// sixth rounds a number of seconds to a microsecond.
func sixth(b []byte) []byte {
	f, _ := strconv.ParseFloat(string(b), 64) // it looks like a number
	return strconv.AppendFloat(nil, f, 'f', 6, 64)
}

// export writes the folder of the rows of a load point, and returns the folder that it is in.
func export(t *testing.T, kind, real string, rows []row) string {
	t.Helper()
	var records []record.Record
	for _, r := range rows {
		records = append(records, r.record(kind, filepath.Base(real)))
		if kind == "turns" {
			records[len(records)-1].Turn = (r.Messages + 1) / 2
		}
	}
	if kind == "turns" {
		sessions(records)
	}
	dir, by := t.TempDir(), []group.Key{group.Run()}
	e := New(Options{
		Dir: dir, By: by, PD: kind == "pd", Create: func(path string) error { return os.WriteFile(path, nil, 0o600) },
		Write: func(path string, text []byte) error {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			return os.WriteFile(path, text, 0o600)
		},
	})
	defer e.Abort()
	c := stats.New(stats.Options{By: by})
	for i := range records {
		e.Add(&records[i])
		c.Add(&records[i])
	}
	if err := e.Write(c.Summary()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// sessions numbers the conversations. The first turn of one is the turn 1 that ended last before its turn 2 began, and
// has not got one yet.
func sessions(records []record.Record) {
	for i := range records {
		if r := &records[i]; r.Turn == 1 {
			r.Session = strconv.Itoa(i)
		}
	}
	taken := map[string]bool{}
	for i := range records {
		r := &records[i]
		if r.Turn == 1 {
			continue
		}
		end := int64(0)
		for _, first := range records {
			if first.Turn == 1 && !taken[first.Session] && first.EndUs() <= r.SentUs && first.EndUs() > end {
				r.Session, end = first.Session, first.EndUs()
			}
		}
		taken[r.Session] = true
	}
}

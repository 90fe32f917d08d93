package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/record"
)

// TestReplay replays a log of some thousand requests that are not in order, at ten times the speed. It checks that each
// request is sent once, with its own body, in the order of arrival, and is due at the exact time. When it is sent
// depends on the machine: scripts/bench measures that.
func TestReplay(t *testing.T) {
	const n = 4000
	dir := t.TempDir()
	due, bodies := map[string]int64{}, map[string]string{} // by request ID; due in µs since the epoch
	var order []string
	var lines []string
	r, at := rand.New(rand.NewPCG(1, 2)), int64(1_700_000_000_000_000)
	for i := range n {
		id := fmt.Sprintf("q%d", i)
		body := fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":"prompt %d é\n"}],`+
			`"max_tokens":%d,"temperature":0.%d}`, i, 1+i%3, i)
		due[id], bodies[id], order = at, body, append(order, id)
		lines = append(lines, fmt.Sprintf(`{"timestamp":%d.%06d,"request_id":%q,`+
			`"headers":{"Authorization":"Bearer k","X-Tenant":"t%d"},"body":%s}`,
			at/1e6, at%1e6, id, i%7, body))
		at += 10 + 10*r.Int64N(499) // whole µs at ten times the speed, all different
	}
	for i := 0; i+1 < n; i += 3 {
		lines[i], lines[i+1] = lines[i+1], lines[i]
	}
	var log bytes.Buffer
	for _, l := range lines {
		log.WriteString(l + "\n")
	}
	write(t, dir, "log.jsonl", log.String())
	start := time.Now().Unix() + 2 // a whole second, so that times are exact
	out, err := shell(dir, `perf-gen --dataset trace --keep-headers x-tenant --sort log.jsonl 2>gen.log |
		perf-send --start-at `+strconv.FormatInt(start, 10)+` --arrival trace --speedup 10 \
			--sim ttft=0s,itl=0s,slots=100000 --save-request --no-progress -o run.jsonl`)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sent := readRecords(t, filepath.Join(dir, "run.jsonl"))
	if len(sent) != n {
		t.Fatalf("%d records of %d requests", len(sent), n)
	}
	slices.SortFunc(sent, func(a, b record.Record) int { return int(a.Seq - b.Seq) })
	for i, r := range sent {
		id := order[i]
		var line struct {
			ID      string `json:"custom_id"`
			Headers map[string]string
			Body    json.RawMessage
		}
		if err := json.Unmarshal(r.Request, &line); err != nil {
			t.Fatal(err)
		}
		switch {
		case r.ID != id || line.ID != id || !r.OK:
			t.Fatalf("request %d is %s, ok %v, not %s: each once, in the order of time", i, r.ID, r.OK, id)
		case string(line.Body) != bodies[id]:
			t.Fatalf("%s: the body is %s, not %s", id, line.Body, bodies[id])
		case len(line.Headers) != 1 || line.Headers["x-tenant"] == "":
			t.Fatalf("%s: headers %v", id, line.Headers)
		case r.ScheduledUs != start*1e6+(due[id]-due[order[0]])/10:
			t.Fatalf("%s is due %d µs after the start, not %d", id, r.ScheduledUs-start*1e6, (due[id]-due[order[0]])/10)
		case r.SentUs < r.ScheduledUs:
			t.Fatalf("%s went out %d µs too early", id, r.ScheduledUs-r.SentUs)
		}
	}
}

func readRecords(t *testing.T, path string) []record.Record {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []record.Record
	for r, err := range jsonl.Read[record.Record](f, path) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/record"
	"perfpipe/internal/stats"
	"perfpipe/internal/store"
)

// evalscopeTable is the table of evalscope's benchmark_data.db. response_messages is base64 of a Python pickle there and
// JSON here; start_time and completed_time count from the start of the process there and from 1970 here.
const evalscopeTable = `CREATE TABLE result (request TEXT, start_time REAL, inter_token_latencies TEXT, success INTEGER,
	response_messages TEXT, completed_time REAL, latency REAL, first_chunk_latency REAL, prompt_tokens INTEGER,
	completion_tokens INTEGER, max_gpu_memory_cost REAL, time_per_output_token REAL, request_id TEXT, is_stream INTEGER)`

// evalscopeDBs are the databases of all load points, under a name of their own until the number of their requests, which
// names the folder, is known.
type evalscopeDBs struct {
	dir    string
	by     []stats.Key
	warmup bool

	create func(path string) error
	mu     sync.Mutex
	open   map[string]*evalscopeDB
	err    error // the first
}

type evalscopeDB struct {
	path   string
	db     *sql.DB
	tx     *sql.Tx
	insert *sql.Stmt
}

func (d *evalscopeDBs) add(r *record.Record) {
	if r.Phase == record.PhaseWarmup && !d.warmup {
		return
	}
	group := groupOf(d.by, r)
	d.mu.Lock()
	defer d.mu.Unlock()
	db := d.open[group]
	if db == nil && d.err == nil {
		if db, d.err = openEvalscopeDB(filepath.Join(d.dir, fmt.Sprintf("benchmark_data.%d.partial", len(d.open))), d.create); d.err == nil {
			d.open[group] = db
		}
	}
	if d.err == nil {
		d.err = db.add(r)
	}
}

// finish gives the database of a load point its place.
func (d *evalscopeDBs) finish(group, dir string) error {
	db := d.open[group]
	if d.err != nil || db == nil {
		return d.err
	}
	if err := db.tx.Commit(); err != nil {
		return err
	}
	if err := db.db.Close(); err != nil {
		return err
	}
	return os.Rename(db.path, filepath.Join(dir, "benchmark_data.db"))
}

// abandon removes what was not finished.
func (d *evalscopeDBs) abandon() {
	for _, db := range d.open {
		db.db.Close()
		os.Remove(db.path)
	}
}

func openEvalscopeDB(path string, create func(string) error) (*evalscopeDB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	os.Remove(path) // of a run that was killed
	if err := create(path); err != nil {
		return nil, err
	}
	db, tx, err := store.Begin(path)
	if err != nil {
		os.Remove(path)
		return nil, err
	}
	d := &evalscopeDB{path: path, db: db, tx: tx}
	if _, err = tx.Exec(evalscopeTable); err == nil {
		d.insert, err = d.tx.Prepare("INSERT INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?)")
	}
	if err != nil {
		db.Close()
		os.Remove(path)
	}
	return d, err
}

// add writes a record in evalscope's units, which are seconds.
func (d *evalscopeDB) add(r *record.Record) error {
	gaps := make([]float64, len(r.GapUs))
	for i, us := range r.GapUs {
		gaps[i] = float64(us) / 1e6
	}
	itl, err := json.Marshal(gaps)
	if err != nil {
		return err
	}
	answer := map[string]any{"role": "assistant", "content": r.Output, "finish_reason": r.FinishReason}
	if r.Error != nil {
		answer = map[string]any{"error": r.Error, "status": r.Status}
	}
	messages, err := json.Marshal([]any{answer})
	if err != nil {
		return err
	}
	tpot := 0.0
	var request any
	if n, known := r.StreamedTokens(); known && n > 1 && r.Streamed() {
		tpot = (r.LatencyMs - r.TTFTMs) / float64(n-1) / 1000 // evalscope's: to the end of the answer
	}
	if len(r.Request) > 0 {
		request = string(r.Request)
		if body := gjson.GetBytes(r.Request, "body"); body.Exists() { // of an envelope
			request = body.Raw
		}
	}
	sent := float64(r.SentUs) / 1e6
	_, err = d.insert.Exec(request, sent, string(itl), r.OK, string(messages), sent+r.LatencyMs/1000, r.LatencyMs/1000, firstChunk(r),
		r.PromptTokens, r.CompletionTokens, tpot, r.ID, r.Streamed())
	return err
}

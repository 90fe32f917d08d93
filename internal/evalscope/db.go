package evalscope

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/record"
	"perfpipe/internal/store"
)

// createTable creates the table of evalscope's benchmark_data.db. Its response_messages is base64 of a Python pickle
// there and JSON here; start_time and completed_time count from the start of the process there and from 1970 here.
const createTable = `CREATE TABLE result (request TEXT, start_time REAL, inter_token_latencies TEXT, success INTEGER,
	response_messages TEXT, completed_time REAL, latency REAL, first_chunk_latency REAL, prompt_tokens INTEGER,
	completion_tokens INTEGER, max_gpu_memory_cost REAL, time_per_output_token REAL, request_id TEXT, is_stream INTEGER)`

// databases are those of all load points. Each has a temporary name until the number of its requests is known, which is
// part of the name of its folder.
type databases struct {
	opt Options

	mu   sync.Mutex
	open map[string]*database // by groupName
	err  error                // the first
}

type database struct {
	path   string
	db     *sql.DB
	tx     *sql.Tx
	insert *sql.Stmt
}

// add adds a record of a group.
func (d *databases) add(group string, r *record.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	db := d.open[group]
	if db == nil && d.err == nil {
		path := filepath.Join(d.opt.Dir, fmt.Sprintf("benchmark_data.%d.partial", len(d.open)))
		if db, d.err = create(path, d.opt.Create); d.err == nil {
			d.open[group] = db
		}
	}
	if d.err == nil {
		d.err = db.add(r)
	}
}

// commit completes the database of a load point and moves it into a folder.
func (d *databases) commit(group, dir string) error {
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
	return os.Rename(db.path, filepath.Join(dir, databaseFile))
}

// abort removes the databases that were not committed.
func (d *databases) abort() {
	for _, db := range d.open {
		db.db.Close()
		os.Remove(db.path)
	}
}

func create(path string, empty func(path string) error) (*database, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	os.Remove(path) // of a run that was killed
	if err := empty(path); err != nil {
		return nil, err
	}
	db, tx, err := store.Begin(path)
	if err != nil {
		os.Remove(path)
		return nil, err
	}
	d := &database{path: path, db: db, tx: tx}
	if _, err = tx.Exec(createTable); err == nil {
		d.insert, err = tx.Prepare("INSERT INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?)")
	}
	if err != nil {
		db.Close()
		os.Remove(path)
		return nil, err
	}
	return d, nil
}

// add inserts a record in evalscope's units, which are seconds.
func (d *database) add(r *record.Record) error {
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
	if n, known := r.StreamedTokens(); known && n > 1 && r.Streamed() {
		tpot = (r.LatencyMs - r.TTFTMs) / float64(n-1) / 1000 // as evalscope has it: to the end of the answer
	}
	var request any
	if len(r.Request) > 0 {
		request = string(r.Request)
		if body := gjson.GetBytes(r.Request, "body"); body.Exists() { // of an envelope
			request = body.Raw
		}
	}
	sent := float64(r.SentUs) / 1e6
	_, err = d.insert.Exec(request, sent, string(itl), r.OK, string(messages), sent+r.LatencyMs/1000, r.LatencyMs/1000,
		firstChunk(r), r.PromptTokens, r.CompletionTokens, tpot, r.ID, r.Streamed())
	return err
}

package evalscope

import (
	"database/sql"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/metric"
	"perfpipe/internal/record"
	"perfpipe/internal/store"
)

// createTable creates the table of evalscope's benchmark_data.db. There start_time and completed_time
// are of a clock with an arbitrary start; here they count from 1970.
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
		d.insert, err = tx.Prepare("INSERT INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
	}
	if err != nil {
		db.Close()
		os.Remove(path)
		return nil, err
	}
	return d, nil
}

// add inserts a record in evalscope's units, which are seconds. A failed request has neither times nor tokens.
func (d *database) add(r *record.Record) error {
	gaps := make([]Float, len(r.GapUs))
	for i, us := range r.GapUs {
		gaps[i] = Float(us) / 1e6
	}
	itl, err := json.Marshal(gaps)
	if err != nil {
		return err
	}
	sent := float64(r.SentUs) / 1e6
	row := []any{
		body(r), sent, string(itl), r.OK, base64.StdEncoding.EncodeToString(pickle([]any{answer(r)})),
		sent + r.LatencyMs/1000, nil, nil, nil, nil, nil, nil, r.ID, asksStream(r),
	}
	if r.OK {
		copy(row[6:], []any{r.LatencyMs / 1000, firstChunk(r), r.PromptTokens, r.CompletionTokens, 0, perToken(r)})
	}
	_, err = d.insert.Exec(row...)
	return err
}

// body returns the body of a request, or nil if it was not logged.
func body(r *record.Record) any {
	if len(r.Request) == 0 {
		return nil
	}
	if body := gjson.GetBytes(r.Request, "body"); body.Exists() { // of an envelope
		return body.Raw
	}
	return string(r.Request)
}

// answer returns the message of a response. A stream is one chunk, with the whole text.
func answer(r *record.Record) object {
	if !r.OK {
		out := object{{"choices", []any{}}}
		if r.Error != nil {
			out = append(out, member{"error", object{{"code", r.Status}, {"type", r.Error.Kind}, {"message", r.Error.Message}}})
		}
		return out
	}
	kind, key := "chat.completion", "message"
	if r.Streamed() {
		kind, key = "chat.completion.chunk", "delta"
	}
	choice := object{{"index", 0}, {"finish_reason", r.FinishReason}}
	if r.Op == "completion" {
		kind = "text_completion"
		choice = append(choice, member{"text", r.Output})
	} else {
		choice = append(choice, member{key, object{{"role", "assistant"}, {"content", r.Output}}})
	}
	choices := []any{choice}
	if !metric.Generates(r) {
		kind, choices = "list", []any{}
	}
	tokens := r.PromptTokens + r.CompletionTokens
	usage := object{{"prompt_tokens", r.PromptTokens}, {"completion_tokens", r.CompletionTokens}, {"total_tokens", tokens}}
	if r.CachedTokens > 0 {
		usage = append(usage, member{"prompt_tokens_details", object{{"cached_tokens", r.CachedTokens}}})
	}
	return object{{"object", kind}, {"model", r.Model}, {"choices", choices}, {"usage", usage}}
}

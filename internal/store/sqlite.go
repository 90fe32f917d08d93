package store

import (
	"database/sql"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	_ "modernc.org/sqlite" // the driver of database/sql

	"perfpipe/internal/format"
	"perfpipe/internal/record"
)

// Begin opens an empty file as a SQLite database and begins a transaction. It is for a file that is renamed when it is
// complete: the database has no journal, so an interrupted transaction leaves it unusable.
func Begin(path string) (db *sql.DB, tx *sql.Tx, err error) {
	if db, err = sql.Open("sqlite", path); err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err = db.Exec("PRAGMA journal_mode = OFF"); err == nil {
		tx, err = db.Begin()
	}
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	return db, tx, nil
}

// sqlite stores records in the table record and figures in the table summary.
type sqlite struct {
	db      *sql.DB
	tx      *sql.Tx
	insert  *sql.Stmt // of a record
	columns []column
	row     []any
}

func newSQLite(path string) (writer, error) {
	db, tx, err := Begin(path)
	if err != nil {
		return nil, err
	}
	s := &sqlite{db: db, tx: tx, columns: columns()}
	if err := s.create(); err != nil {
		s.abort()
		return nil, err
	}
	return s, nil
}

func (s *sqlite) create() (err error) {
	names := make([]string, len(s.columns))
	for i, c := range s.columns {
		names[i] = c.name
	}
	for _, create := range []string{
		"CREATE TABLE record (" + strings.Join(names, ", ") + ")",
		"CREATE TABLE summary (grp TEXT, figure TEXT, value REAL)",
	} {
		if _, err := s.tx.Exec(create); err != nil {
			return err
		}
	}
	s.row = make([]any, len(s.columns))
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(s.columns)), ", ")
	s.insert, err = s.tx.Prepare("INSERT INTO record VALUES (" + marks + ")")
	return err
}

func (s *sqlite) add(r *record.Record) (err error) {
	for i := range s.columns {
		if s.row[i], err = sqlValue(&s.columns[i], r); err != nil {
			return err
		}
	}
	_, err = s.insert.Exec(s.row...)
	return err
}

// sqlValue returns nil, which is NULL, if nothing was measured, and JSON for several values.
func sqlValue(c *column, r *record.Record) (any, error) {
	v, ok := c.of(r)
	if !ok {
		return nil, nil
	}
	if !several(v.Type()) {
		return v.Interface(), nil
	}
	if text, raw := v.Interface().(json.RawMessage); raw {
		return string(text), nil
	}
	b, err := json.Marshal(v.Interface())
	return string(b), err
}

func (s *sqlite) commit(figures []format.Figure) error {
	for _, f := range figures {
		var value any // NULL if it does not exist
		if f.Value != "" {
			value = f.Value // a column of type REAL makes it a number
		}
		if _, err := s.tx.Exec("INSERT INTO summary VALUES (?, ?, ?)", f.Group, f.Name, value); err != nil {
			return err
		}
	}
	if err := s.tx.Commit(); err != nil {
		return err
	}
	return s.db.Close()
}

func (s *sqlite) abort() {
	s.tx.Rollback()
	s.db.Close()
}

// isSQLite reports whether a file is a database with the tables of newSQLite, and no others.
func isSQLite(path string) bool {
	if !beginsWith(path, "SQLite format 3\x00") {
		return false
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return false
	}
	defer db.Close()
	rows, err := db.Query("SELECT name FROM sqlite_master ORDER BY name")
	if err != nil {
		return false
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if rows.Scan(&name) != nil {
			return false
		}
		tables = append(tables, name)
	}
	return rows.Err() == nil && slices.Equal(tables, []string{"record", "summary"})
}

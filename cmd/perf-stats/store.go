package main

import (
	"database/sql"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"

	"github.com/goccy/go-json"
	"github.com/parquet-go/parquet-go"
	_ "modernc.org/sqlite" // the driver of database/sql

	"perfpipe/internal/fault"
	"perfpipe/internal/format"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// column is one column of stored records: a key of the record line, or one of its error's.
type column struct {
	name     string
	index    []int // of the field in record.Record
	optional bool  // a zero was not measured, unless the line has the key
	key      record.Keys
}

// columns lists the keys of the record line, in its order.
func columns() []column {
	var out []column
	t := reflect.TypeFor[record.Record]()
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || name == "-" || name == "":
		case f.Type == reflect.TypeFor[*record.Error]():
			for j := range f.Type.Elem().NumField() {
				sub, _, _ := strings.Cut(f.Type.Elem().Field(j).Tag.Get("json"), ",")
				out = append(out, column{name + "_" + sub, []int{i, j}, true, 0})
			}
		default:
			out = append(out, column{name, []int{i}, options == "omitempty", record.KeyNamed(name)})
		}
	}
	return out
}

// of gives the column's value of a record, and whether there is one.
func (c *column) of(r *record.Record) (v reflect.Value, ok bool) {
	if c.name == "tpot_ms" { // a Decoder leaves it out where it follows from the gaps
		ms, ok := r.TPOT()
		return reflect.ValueOf(ms), ok
	}
	v = reflect.ValueOf(r).Elem().Field(c.index[0])
	if len(c.index) > 1 {
		if v.IsNil() {
			return v, false
		}
		v = v.Elem().Field(c.index[1])
	}
	if c.key != 0 && r.Lacks(c.key) && c.key != record.KeyOK { // ok is what it is taken for
		return v, false
	}
	return v, !c.optional || !v.IsZero() || r.Says(c.key)
}

// store writes the records somewhere as they are read, and appears under its name when all is well.
type store struct {
	path string
	file string // until it has that name
	mu   sync.Mutex
	err  error // the first
	add  func(*record.Record) error
	end  func(*stats.Summary) error
	drop func() // instead of end
}

func (s *store) take(r *record.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = s.add(r)
	}
}

// stores opens what the flags ask for.
func (f *flags) stores(stream *stats.Stream) (out []*store, err error) {
	defer func() {
		if err != nil {
			abandon(out)
		}
	}()
	for _, kind := range []struct {
		flag, path string
		own        func(string) bool
		open       func(string) (*store, error)
	}{{"--sqlite", f.SQLite, ownSQLite, openSQLite}, {"--parquet", f.Parquet, ownParquet, openParquet}} {
		if kind.path == "" {
			continue
		}
		if err := replaceable(kind.flag, kind.path, kind.own); err != nil {
			return out, err
		}
		file, err := partialStore(kind.path, f.Mode.Private())
		if err != nil {
			return out, fault.Fail("", "%s: %w", kind.flag, err)
		}
		s, err := kind.open(file)
		if err != nil {
			os.Remove(file)
			return out, fault.Fail("", "%s: %w", kind.path, err)
		}
		s.path, s.file = kind.path, file
		stream.Also(func() func(*record.Record) { return s.take })
		out = append(out, s)
	}
	return out, nil
}

// abandon removes what was not finished. It does nothing to what was.
func abandon(stores []*store) {
	for _, s := range stores {
		s.drop()
		os.Remove(s.file)
	}
}

// finish ends the stores and gives them their names.
func finish(stores []*store, summary *stats.Summary) error {
	for _, s := range stores {
		err := s.err
		if endErr := s.end(summary); err == nil {
			err = endErr
		}
		if err == nil {
			err = os.Rename(s.file, s.path)
		}
		if err != nil {
			return fault.Fail("", "%s: %w", s.path, err)
		}
	}
	return nil
}

// openSQLite stores records in the table record and figures in the table summary.
func openSQLite(path string) (*store, error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	var names []string
	cols := columns()
	for _, c := range cols {
		names = append(names, c.name)
	}
	if _, err := db.Exec("PRAGMA journal_mode = OFF"); err != nil { // the file has no name before all is well
		return nil, err
	}
	tx, err := db.Begin()
	if err != nil {
		return nil, err
	}
	for _, create := range []string{
		"CREATE TABLE record (" + strings.Join(names, ", ") + ")",
		"CREATE TABLE summary (grp TEXT, figure TEXT, value REAL)",
	} {
		if _, err := tx.Exec(create); err != nil {
			return nil, err
		}
	}
	insert, err := tx.Prepare("INSERT INTO record VALUES (" + strings.TrimSuffix(strings.Repeat("?, ", len(cols)), ", ") + ")")
	if err != nil {
		return nil, err
	}
	row := make([]any, len(cols))
	return &store{
		add: func(r *record.Record) error {
			for i := range cols {
				if row[i], err = sqlValue(&cols[i], r); err != nil {
					return err
				}
			}
			_, err := insert.Exec(row...)
			return err
		},
		end: func(s *stats.Summary) error {
			for _, f := range format.Figures(s) {
				var value any // NULL if it does not exist
				if f.Value != "" {
					value = f.Value // a column of type REAL makes it a number
				}
				if _, err := tx.Exec("INSERT INTO summary VALUES (?, ?, ?)", f.Group, f.Name, value); err != nil {
					return err
				}
			}
			if err := tx.Commit(); err != nil {
				return err
			}
			return db.Close()
		},
		drop: func() {
			tx.Rollback()
			db.Close()
		},
	}, nil
}

// sqlValue is NULL where nothing was measured, and JSON where there are several values.
func sqlValue(c *column, r *record.Record) (any, error) {
	v, ok := c.of(r)
	if !ok {
		return nil, nil
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		if text, raw := v.Interface().(json.RawMessage); raw {
			return string(text), nil
		}
		b, err := json.Marshal(v.Interface())
		return string(b), err
	}
	return v.Interface(), nil
}

// openParquet stores records with the keys of the record line as columns.
func openParquet(path string) (*store, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	cols := columns()
	var fields []reflect.StructField
	for i, c := range cols {
		t := reflect.TypeFor[record.Record]().FieldByIndex(c.index[:1]).Type
		switch {
		case len(c.index) > 1:
			t = reflect.TypeFor[string]()
		case t == reflect.TypeFor[json.RawMessage]():
			t = reflect.TypeFor[string]()
		}
		if (c.optional || c.key != 0) && t.Kind() != reflect.Slice && t.Kind() != reflect.Map {
			t = reflect.PointerTo(t) // nil is null, and zero is zero
		}
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("C%d", i), Type: t, Tag: reflect.StructTag(`parquet:"` + c.name + `"`)})
	}
	row := reflect.New(reflect.StructOf(fields))
	w := parquet.NewWriter(file, parquet.SchemaOf(row.Interface()), parquet.Compression(&parquet.Zstd))
	return &store{
		add: func(r *record.Record) error {
			row.Elem().SetZero()
			for i := range cols {
				v, ok := cols[i].of(r)
				if !ok {
					continue
				}
				to := row.Elem().Field(i)
				if to.Kind() == reflect.Pointer {
					to.Set(reflect.New(to.Type().Elem()))
					to = to.Elem()
				}
				to.Set(v.Convert(to.Type()))
			}
			return w.Write(row.Interface())
		},
		end: func(*stats.Summary) error {
			if err := w.Close(); err != nil {
				return err
			}
			return file.Close()
		},
		drop: func() { file.Close() },
	}, nil
}

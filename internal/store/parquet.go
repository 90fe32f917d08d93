package store

import (
	"fmt"
	"os"
	"reflect"

	"github.com/goccy/go-json"
	"github.com/parquet-go/parquet-go"

	"perfpipe/internal/format"
	"perfpipe/internal/record"
)

// parquetFile stores records under the names of the record line. A Parquet file has one table, so it has no figures.
type parquetFile struct {
	file    *os.File
	w       *parquet.GenericWriter[any]
	columns []column
	row     reflect.Value // a pointer to a struct with a field for each column
}

func newParquet(path string) (writer, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	p := &parquetFile{file: file, columns: columns()}
	var fields []reflect.StructField
	for i, c := range p.columns {
		tag := reflect.StructTag(`parquet:"` + c.name + `"`)
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("C%d", i), Type: c.parquetType(), Tag: tag})
	}
	p.row = reflect.New(reflect.StructOf(fields))
	p.w = parquet.NewGenericWriter[any](file, parquet.SchemaOf(p.row.Interface()), parquet.Compression(&parquet.Zstd))
	return p, nil
}

// parquetType returns the type of a column: a pointer if its value may be absent, since nil is null and zero is zero.
func (c *column) parquetType() reflect.Type {
	t := reflect.TypeFor[record.Record]().FieldByIndex(c.index[:1]).Type
	if len(c.index) > 1 || t == reflect.TypeFor[json.RawMessage]() {
		t = reflect.TypeFor[string]()
	}
	if (c.optional || c.key != 0) && !several(t) {
		t = reflect.PointerTo(t)
	}
	return t
}

func (p *parquetFile) add(r *record.Record) error {
	p.row.Elem().SetZero()
	for i := range p.columns {
		v, ok := p.columns[i].of(r)
		if !ok {
			continue
		}
		to := p.row.Elem().Field(i)
		if to.Kind() == reflect.Pointer {
			to.Set(reflect.New(to.Type().Elem()))
			to = to.Elem()
		}
		to.Set(v.Convert(to.Type()))
	}
	_, err := p.w.Write([]any{p.row.Interface()})
	return err
}

func (p *parquetFile) commit([]format.Figure) error {
	if err := p.w.Close(); err != nil {
		return err
	}
	return p.file.Close()
}

func (p *parquetFile) abort() { p.file.Close() }

// isParquet reports whether a file is one of newParquet's, by the columns that every version of it has.
func isParquet(path string) bool {
	return hasColumns(path, "seq", "scheduled_us", "sent_us", "latency_ms")
}

// hasColumns reports whether a file is a Parquet file with these columns.
func hasColumns(path string, keys ...string) bool {
	if !beginsWith(path, "PAR1") {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false
	}
	p, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return false
	}
	for _, key := range keys {
		if _, ok := p.Schema().Lookup(key); !ok {
			return false
		}
	}
	return true
}

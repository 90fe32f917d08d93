package tabular

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"math/big"
	"os"
	"reflect"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

const (
	parquetMagic = "PAR1"
	parquetBatch = 16 // rows decoded at once: few, since each may contain pictures
)

// parquetRows reads row groups page by page, and only the requested columns.
func parquetRows(f *os.File, name string, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		r, err := openParquet(f, name, columns)
		if err != nil {
			yield(Row{}, err)
			return
		}
		defer r.Close()
		if r.NumRows() == 0 {
			return
		}
		batch, rows, times := make([]any, parquetBatch), 0, timed(r.Schema().Fields())
		for {
			clear(batch)
			n, err := readParquet(r, batch)
			for _, v := range batch[:n] {
				rows++
				values, _ := plain(v).(map[string]any)
				withTimes(values, times)
				if !yield(Row{Values: values, N: rows}, nil) {
					return
				}
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Row{}, fmt.Errorf("%s: %w", name, err))
				return
			}
		}
	}
}

func openParquet(f *os.File, name string, columns []string) (r *parquet.GenericReader[any], err error) {
	defer broken(&err)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	schema := file.Schema()
	if len(columns) > 0 {
		have := make([]string, 0, len(schema.Fields()))
		nodes := map[string]parquet.Node{}
		for _, field := range schema.Fields() {
			have = append(have, field.Name())
			nodes[field.Name()] = field
		}
		if err := check(name, columns, have); err != nil {
			return nil, err
		}
		group := parquet.Group{}
		for _, c := range columns {
			group[c] = nodes[c]
		}
		schema = parquet.NewSchema(schema.Name(), group)
	}
	return parquet.NewGenericReader[any](file, schema), nil
}

func readParquet(r *parquet.GenericReader[any], batch []any) (n int, err error) {
	defer broken(&err)
	if n, err = r.Read(batch); n == 0 && err == nil {
		err = errors.New("damaged Parquet: rows are missing")
	}
	return n, err
}

// broken converts panics, with which the decoder reacts to damaged files, to errors.
func broken(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("damaged Parquet: %v", p)
	}
}

// plain converts the decoder's types to those of Row.
func plain(v any) any {
	switch v := v.(type) {
	case nil, bool, string, int64, float64:
		return v
	case []byte:
		return string(v)
	case deprecated.Int96:
		return int96Text(v)
	case *big.Float:
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
		return v
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
		return v
	}
	switch x := reflect.ValueOf(v); x.Kind() {
	case reflect.Pointer:
		if x.IsNil() {
			return nil
		}
		return plain(x.Elem().Interface())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32:
		return x.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if x.Uint() > math.MaxInt64 {
			return float64(x.Uint())
		}
		return int64(x.Uint())
	case reflect.Float32: // 0.7 is not 0.699999988079071
		f, _ := strconv.ParseFloat(strconv.FormatFloat(x.Float(), 'g', -1, 32), 64)
		return f
	}
	return fmt.Sprint(v)
}

package dataset

import (
	"fmt"
	"io"
	"iter"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/body"
	"perfpipe/internal/tabular"
)

// csvTrace reads a table whose header must contain the columns.
func csvTrace(put rowItem, columns ...string) func(*trace, io.Reader, string) iter.Seq2[*Item, error] {
	return func(t *trace, r io.Reader, name string) iter.Seq2[*Item, error] {
		return func(yield func(*Item, error) bool) {
			table, err := tabular.NewTable(r, name)
			if err == nil {
				err = table.Missing(columns...)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for rec, err := range table.Records() {
				it, keep := &Item{Place: body.Place{File: name, N: rec.Line}}, true
				if err == nil {
					if keep, err = put(t, byName(table.Header, rec.Fields), it); err != nil {
						err = it.Place.Wrong(err)
					}
				}
				if !t.emit(yield, it, keep, err) {
					return
				}
			}
		}
	}
}

// rowItem converts a row, or reports that it contains no request.
type rowItem func(t *trace, row map[string]string, it *Item) (bool, error)

// line converts an object that is a row of Parquet or JSON, whose values may be numbers.
func (put rowItem) line(t *trace, v gjson.Result, it *Item) (bool, error) {
	row := map[string]string{}
	v.ForEach(func(key, x gjson.Result) bool {
		if x.Type != gjson.Null {
			row[key.Str] = x.String()
		}
		return true
	})
	return put(t, row, it)
}

func byName(header, values []string) map[string]string {
	row := make(map[string]string, len(header))
	for i, v := range values {
		row[header[i]] = v
	}
	return row
}

func (t *trace) csvItem(it *Item, when, in, out string) (bool, error) {
	i, err := tokens(in)
	if err != nil {
		return true, err
	}
	o, err := tokens(out)
	if err != nil {
		return true, err
	}
	if o == 0 {
		t.skip(failed)
		return false, nil
	}
	ms, err := timeMs(gjson.Result{Type: gjson.String, Str: when, Raw: when})
	if err != nil {
		return true, err
	}
	t.at(it, ms)
	return t.lengthItem(it, i, o, nil)
}

var thousands = regexp.MustCompile(`^[1-9][0-9]{0,2}(,[0-9]{3})+$`)

// tokens parses an integer, also as pandas writes it in a column with gaps (12.0), and as spreadsheets do (1,234).
func tokens(text string) (int64, error) {
	if text = strings.TrimSpace(text); thousands.MatchString(text) {
		text = strings.ReplaceAll(text, ",", "")
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && n == math.Trunc(n) && math.Abs(n) < 1<<53 {
		return int64(n), nil
	}
	return 0, fmt.Errorf("not a number of tokens: %q", text)
}

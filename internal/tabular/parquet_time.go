package tabular

import (
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// Parquet stores times as numbers whose unit is in the schema. A reader of rows has no schema, and would have to guess
// the unit, so times become text.

// timed returns the fields that are times or contain any.
func timed(fields []parquet.Field) []parquet.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f parquet.Field) bool {
		if f.Leaf() {
			unit, _ := timeUnit(f)
			return unit == 0
		}
		return len(timed(f.Fields())) == 0
	})
}

// timeUnit returns the unit of a leaf that is a time, and the layout of its text.
func timeUnit(leaf parquet.Node) (unit time.Duration, layout string) {
	logical := leaf.Type().LogicalType()
	if logical == nil {
		return 0, ""
	}
	switch t := logical.Value.(type) {
	case *format.TimestampType:
		unit, layout = t.Unit.Value.Duration(), time.RFC3339Nano
	case *format.TimeType:
		unit, layout = t.Unit.Value.Duration(), "15:04:05.999999999"
	case *format.DateType:
		unit, layout = 24*time.Hour, time.DateOnly
	}
	return unit, layout
}

// withTimes writes the times in the fields of a group as text.
func withTimes(group map[string]any, fields []parquet.Field) {
	for _, f := range fields {
		if v := group[f.Name()]; v != nil {
			group[f.Name()] = withTime(f, v)
		}
	}
}

func withTime(node parquet.Node, v any) any {
	switch v := v.(type) {
	case []any:
		if !node.Leaf() && !node.Repeated() {
			node = element(node)
		}
		for i := range v {
			v[i] = withTime(node, v[i])
		}
	case map[string]any:
		if !node.Leaf() {
			withTimes(v, node.Fields())
		}
	case int64:
		if unit, layout := timeUnit(node); node.Leaf() && unit > 0 {
			return timeText(v, unit, layout)
		}
	}
	return v
}

// element returns the node of the elements of a list, which is in a repeated group of its own except in old files.
func element(list parquet.Node) parquet.Node {
	repeated := list.Fields()[0]
	if !repeated.Leaf() && len(repeated.Fields()) == 1 {
		return repeated.Fields()[0]
	}
	return repeated
}

// timeText returns the text of a time in units since 1970. A multiple of the unit in ns may exceed 64 bits.
func timeText(n int64, unit time.Duration, layout string) string {
	perSecond := int64(time.Second / unit)
	if perSecond == 0 {
		return time.Unix(n*int64(unit/time.Second), 0).UTC().Format(layout)
	}
	return time.Unix(n/perSecond, n%perSecond*int64(unit)).UTC().Format(layout)
}

// int96Text returns the text of a time in the obsolete type INT96, which only times have: ns of a day, and the number
// of the day in the Julian calendar.
func int96Text(t deprecated.Int96) string {
	const julianEpoch = 2440588 // 1970-01-01
	ns := int64(t[1])<<32 | int64(t[0])
	return time.Unix((int64(t[2])-julianEpoch)*24*3600, ns).UTC().Format(time.RFC3339Nano)
}

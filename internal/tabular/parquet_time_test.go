package tabular

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

// Times mean the same in any unit, also those whose number would be taken for another unit.
func TestParquetTimes(t *testing.T) {
	type row struct {
		Ms    int64            `parquet:"ms,timestamp(millisecond)"`
		Us    int64            `parquet:"us,timestamp(microsecond)"`
		Ns    int64            `parquet:"ns,timestamp(nanosecond)"`
		Old   deprecated.Int96 `parquet:"old"`
		Day   int32            `parquet:"day,date"`
		Clock int64            `parquet:"clock,time(microsecond)"`
		Span  struct {
			Began *int64 `parquet:"began,timestamp(microsecond)"`
			N     int64  `parquet:"n"`
		} `parquet:"span"`
		Events []struct {
			At int64 `parquet:"at,timestamp(millisecond)"`
		} `parquet:"events,list"`
	}
	for _, at := range []time.Time{
		time.Unix(5, 250_000_000), time.Unix(-3, 0), time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC),
		time.Date(4000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		at = at.UTC()
		day := at.Truncate(24 * time.Hour)
		us := at.UnixMicro()
		r := row{Ms: at.UnixMilli(), Us: us, Ns: at.UnixNano(), Day: int32(day.Unix() / 86400),
			Clock: at.Sub(day).Microseconds()}
		ns := at.Sub(day).Nanoseconds()
		r.Old = deprecated.Int96{uint32(ns), uint32(ns >> 32), uint32(day.Unix()/86400 + 2440588)}
		r.Span.Began, r.Span.N = &us, 7
		r.Events = append(r.Events, struct {
			At int64 `parquet:"at,timestamp(millisecond)"`
		}{at.UnixMilli()})
		path := filepath.Join(t.TempDir(), "a.parquet")
		if err := parquet.WriteFile(path, []row{r}); err != nil {
			t.Fatal(err)
		}
		text := at.Format(time.RFC3339Nano)
		nanos := text
		if at.Year() == 4000 { // ns end in 2262
			nanos = time.Unix(0, at.UnixNano()).UTC().Format(time.RFC3339Nano)
		}
		equal(t, all(File(path)), `{"clock":"`+at.Format("15:04:05.999999999")+`","day":"`+at.Format(time.DateOnly)+
			`","events":[{"at":"`+text+`"}],"ms":"`+text+`","ns":"`+nanos+`","old":"`+text+`","span":{"began":"`+text+
			`","n":7},"us":"`+text+`"}`+"\n")
		os.Remove(path)
	}
}

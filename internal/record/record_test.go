package record

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The schema and the struct have the same keys.
func TestSchemaHasTheStructsKeys(t *testing.T) {
	s := jsonschema.NewCompiler()
	schema, err := s.Compile("../../docs/record.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for key := range schema.Properties {
		want = append(want, key)
	}
	typ := reflect.TypeFor[Record]()
	for i := range typ.NumField() {
		if key, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ","); key != "-" {
			got = append(got, key)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the struct has\n%v\nthe schema\n%v", got, want)
	}
}

func TestChunkTimes(t *testing.T) {
	r := Record{TTFTMs: 200, GapUs: []int64{20000, 20500}, CompletionTokens: 3, LatencyMs: 241, QueueMs: 5, LagMs: 1, SentUs: 1000}
	if got := r.LastChunkMs(); got != 240.5 {
		t.Errorf("last chunk at %v", got)
	}
	if got, ok := r.TPOT(); got != 20.25 || !ok {
		t.Errorf("TPOT %v, %v", got, ok)
	}
	if got := r.ResponseMs(); got != 247 {
		t.Errorf("response time %v", got)
	}
	if got := r.EndUs(); got != 242000 {
		t.Errorf("end %v", got)
	}
	for _, none := range []Record{{TTFTMs: 1, CompletionTokens: 1}, {CompletionTokens: 5}, {}} {
		if v, ok := none.TPOT(); ok {
			t.Errorf("%+v has a TPOT of %v", none, v)
		}
	}
}

// What a record does not say is absent, rather than zero.
func TestAbsentKeys(t *testing.T) {
	b, err := json.Marshal(Record{})
	if want := `{"seq":0,"scheduled_us":0,"queue_ms":0,"sent_us":0,"lag_ms":0,"reused":false,"latency_ms":0,"ok":false}`; string(b) != want || err != nil {
		t.Errorf("%s %v", b, err)
	}
}

package evalscope

import (
	"encoding/hex"
	"testing"
)

func TestFormatFloat(t *testing.T) {
	for f, want := range map[float64]string{ // repr of Python 3.11
		5: "5.0", -1: "-1.0", 0: "0.0", 0.5: "0.5", 50.25: "50.25", 0.0001: "0.0001", 0.00001: "1e-05", 123456789: "123456789.0",
		1e15: "1000000000000000.0", 1e16: "1e+16", 2.5e-7: "2.5e-07",
	} {
		if got := formatFloat(f); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
	}
}

func TestRounded(t *testing.T) {
	for f, want := range map[float64]Float{ // round(f, 2) of Python 3.11
		2.675: 2.67, 0.125: 0.12, 0.375: 0.38, 1e20: 1e20,
	} {
		if got := rounded(f, 2); got != want {
			t.Errorf("%v: %v, want %v", f, got, want)
		}
	}
}

// TestPickle compares with bytes that pickle.loads of Python 3.11 reads as
// [{'a': 1, 'b': [None, 'é'], 'c': 12884901888}, -2].
func TestPickle(t *testing.T) {
	got := pickle([]any{object{{"a", 1}, {"b", []any{nil, "é"}}, {"c", 3 << 32}}, -2})
	const want = "80025d28" + "7d28" + "580100000061" + "4a01000000" + "580100000062" + "5d284e5802000000c3a965" +
		"580100000063" + "8a080000000003000000" + "75" + "4afeffffff" + "652e"
	if hex.EncodeToString(got) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
}

package unit

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for word, want := range map[string]time.Duration{
		"30": 30 * time.Second, "0.5": 500 * time.Millisecond, "500ms": 500 * time.Millisecond, "2m": 2 * time.Minute,
		"-1": -1, "-1s": -1, "": -1, "1e9": -1, "NaN": -1, "soon": -1,
	} {
		got, err := ParseDuration(word)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %v, want %v", word, got, want)
		}
	}
}

func TestParsePercent(t *testing.T) {
	for text, want := range map[string]float64{"5%": 0.05, "0%": 0, "120%": 1.2, "5": -1, "": -1, "-1%": -1, "x%": -1, "NaN%": -1,
		"inf%": -1} {
		got, err := ParsePercent(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

package cpuwatch

import (
	"os"
	"path/filepath"
	"testing"
)

func TestQuota(t *testing.T) {
	for text, want := range map[string]float64{
		"max 100000\n": 0, "150000 100000\n": 1.5, "50000 100000\n": 0.5, "": 0, "100000": 0, "100000 0\n": 0,
	} {
		file := filepath.Join(t.TempDir(), "cpu.max")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := quotaIn(file); got != want {
			t.Errorf("%q: %g CPUs, want %g", text, got, want)
		}
	}
}

func TestNumberAfter(t *testing.T) {
	stat := []byte("cpu  10 20 30 40 50 60 70 80 90\ncpu0 1 2\nthrottled_usec 123\n")
	for _, c := range []struct {
		key  string
		nth  int
		want int64
	}{{"cpu ", 8, 80}, {"throttled_usec ", 1, 123}, {"cpu0 ", 3, 0}, {"absent ", 1, 0}} {
		if got := numberAfter(stat, c.key, c.nth); got != c.want {
			t.Errorf("%s%d: %d, want %d", c.key, c.nth, got, c.want)
		}
	}
}

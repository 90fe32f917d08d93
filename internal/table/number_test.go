package table

import "testing"

func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		v        float64
		decimals int
		want     string
	}{
		{0, 2, "0"}, {1, 2, "1"}, {999, 0, "999"}, {1000, 0, "1,000"}, {-1000, 0, "-1,000"}, {-100, 0, "-100"},
		{1234567.5, 1, "1,234,567.5"}, {1234.50, 3, "1,234.5"}, {0.081, 4, "0.081"}, {100, 3, "100"},
	} {
		if got := Decimal(c.v, c.decimals); got != c.want {
			t.Errorf("Decimal(%v, %d) = %q, want %q", c.v, c.decimals, got, c.want)
		}
	}
}

func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{
		0: "0", 1: "100", 0.5: "50", 0.96254: "96.25", 0.99999: "99.999", 0.9999999: "99.99999", 1e-7: "0.00001", -0.25: "-25",
		1.5: "150", 0.123456: "12.35",
	} {
		if got := Percent(share); got != want {
			t.Errorf("Percent(%v) = %s, want %s", share, got, want)
		}
	}
}

// Package unit reads quantities as users write them.
package unit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseDuration parses a duration such as 30 (seconds), 500ms or 2m, which must not be negative.
func ParseDuration(word string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(word, 64); err == nil && f >= 0 && f < 1e9 {
		return time.Duration(f * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time such as 30 (seconds), 500ms or 2m", word)
	}
	return d, nil
}

// ParsePercent parses a percentage such as 5% as 0.05. It must not be negative.
func ParsePercent(word string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSuffix(word, "%"), 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 1) || !strings.HasSuffix(word, "%") {
		return 0, fmt.Errorf("%q is not a percentage such as 5%%", word)
	}
	return v / 100, nil
}

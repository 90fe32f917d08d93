package tokenizer

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The cache returns what was put in last, until it is emptied.
func TestWordCache(t *testing.T) {
	var c wordCache
	if _, ok := c.get("a"); ok {
		t.Error("an empty cache knows a word")
	}
	for i := range 5 * cacheWords {
		word, ids := strconv.Itoa(i), []int32{int32(i), int32(-i)}[:i%3%2+1]
		if _, ok := c.get(word); ok {
			t.Fatalf("%s is known before it is put", word)
		}
		c.put(word, ids)
		if got, ok := c.get(word); !ok || !slices.Equal(got, ids) {
			t.Fatalf("%s: %v, %v, want %v", word, got, ok, ids)
		}
		if back := strconv.Itoa(i - 5); i%cacheWords > 5 {
			if got, ok := c.get(back); !ok || got[0] != int32(i-5) {
				t.Fatalf("%s: %v, %v", back, got, ok)
			}
		}
	}
	long := strings.Repeat("x", cacheBytes+1)
	if c.put(long, []int32{1}); c.words > cacheWords {
		t.Error("more words than it may have")
	}
	if _, ok := c.get(long); ok {
		t.Error("a long word is kept")
	}
}

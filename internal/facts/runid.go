package facts

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// runIDLen is the length of a run id: 60 bits.
const runIDLen = 12

// RunID returns the id of a run: the same for the same key, or a random one if key is empty.
func RunID(key string) string {
	sum := sha256.Sum256([]byte(key))
	if key == "" {
		rand.Read(sum[:]) // never fails
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:runIDLen]
}

package synth

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// Cached returns make(), which runs once for each key; its result is cached in the folder dir, or nowhere if dir is
// "". The key must identify everything that make depends on. A table without a proof is not cached: it needs its
// vocabulary anyway.
func Cached(dir, key string, make func() (*Words, error)) (*Words, error) {
	if dir == "" || key == "" {
		return make()
	}
	path := filepath.Join(dir, fmt.Sprintf("%x.words", sha256.Sum256([]byte(magic+key))))
	if packed, err := os.ReadFile(path); err == nil {
		if w, err := unmarshal(packed); err == nil {
			return w, nil
		}
	}
	w, err := make()
	if err != nil || !w.Proven() {
		return w, err
	}
	if packed, err := w.Marshal(zstd.SpeedFastest); err == nil {
		keep(path, packed) // on failure the next run makes it again
	}
	return w, nil
}

// keep writes a file atomically.
func keep(path string, data []byte) {
	if os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(path), "words-")
	if err != nil {
		return
	}
	_, err = f.Write(data)
	if closed := f.Close(); err != nil || closed != nil || os.Rename(f.Name(), path) != nil {
		os.Remove(f.Name())
	}
}

// CacheDir returns the folder of word tables, "" if the user has no cache. The project's former name, llmperf, is used
// while only its folder exists.
func CacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	now, former := filepath.Join(dir, "perfpipe", "words"), filepath.Join(dir, "llmperf", "words")
	if _, err := os.Stat(now); err == nil {
		return now
	}
	if _, err := os.Stat(former); err == nil {
		return former
	}
	return now
}

package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOutputOfOneLongString(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	o := (&Env{}).Create(path)
	long := strings.Repeat("x", 200_000) // more than the buffer holds
	if _, err := io.WriteString(o, long); err != nil {
		t.Fatal(err)
	}
	if err := o.Commit(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != long {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(long))
	}
}

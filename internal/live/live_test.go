package live

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRedraws(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		frames := make(chan string)
		stop := Start(&b, time.Second, func() string { return <-frames })
		draw := func(frame, want string) {
			t.Helper()
			frames <- frame
			synctest.Wait()
			if got := b.String(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			b.Reset()
		}
		begin := time.Now()
		draw("", "")
		draw("a\nb\n", "a\nb\n")
		draw(strings.Repeat("w", unknownWidth+1)+"\n", "\x1b[2A\x1b[J"+strings.Repeat("w", unknownWidth-1)+"…\n")
		draw("", "")
		if took := time.Since(begin); took != 4*time.Second {
			t.Errorf("four drawings took %v", took)
		}
		stop()
		if got, want := b.String(), "\x1b[1A\x1b[J"; got != want {
			t.Errorf("stop wrote %q, want %q", got, want)
		}
	})
}

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
		text := ""
		stop := Start(&b, time.Second, func() string { return text })
		expect := func(want string) {
			t.Helper()
			time.Sleep(time.Second)
			synctest.Wait()
			if got := b.String(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			b.Reset()
		}
		time.Sleep(time.Millisecond)
		expect("")
		text = "a\nb\n"
		expect("a\nb\n")
		text = strings.Repeat("w", unknownWidth+1) + "\n"
		expect("\x1b[2A\x1b[J" + strings.Repeat("w", unknownWidth-1) + "…\n")
		text = ""
		expect("")
		stop()
		if got, want := b.String(), "\x1b[1A\x1b[J"; got != want {
			t.Errorf("stop wrote %q, want %q", got, want)
		}
	})
}

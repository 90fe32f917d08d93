package hub

import (
	"fmt"
	"path"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far a download is: as a bar on a terminal, otherwise as a line every few seconds.
type progress struct {
	say  func(format string, args ...any)
	name string
	size int64 // -1: unknown
	have int64
	next time.Time
	bar  *progressbar.ProgressBar // nil without a terminal
}

const (
	progressEvery = 10 * time.Second // between two lines
	progressDraw  = 100 * time.Millisecond
)

func (g *getter) progress(f *file) *progress {
	p := &progress{say: g.say, name: g.id + " " + f.path, size: f.size, next: time.Now().Add(progressEvery)}
	if g.bar == nil {
		what := ""
		if f.size >= 0 {
			what = " (" + bytesText(f.size) + ")"
		}
		g.say("downloading %s%s from %s", p.name, what, g.endpoint)
		return p
	}
	p.bar = progressbar.NewOptions64(f.size, progressbar.OptionSetWriter(g.bar), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription(path.Base(f.path)), progressbar.OptionThrottle(progressDraw),
		progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
	p.bar.RenderBlank() // the throttle would hide a slow start
	return p
}

// at sets the number of bytes on disk.
func (p *progress) at(have int64) {
	p.have = have
	if p.bar != nil {
		p.bar.Set64(have)
	}
}

// Write adds the number of bytes of b.
func (p *progress) Write(b []byte) (int, error) {
	p.have += int64(len(b))
	if p.bar != nil {
		p.bar.Add(len(b))
		return len(b), nil
	}
	if now := time.Now(); now.After(p.next) {
		p.next = now.Add(progressEvery)
		if p.size > 0 {
			p.say("%s: %s of %s", p.name, bytesText(p.have), bytesText(p.size))
		} else {
			p.say("%s: %s", p.name, bytesText(p.have))
		}
	}
	return len(b), nil
}

func (p *progress) close() {
	if p.bar != nil {
		p.bar.Finish()
	}
}

// bytesText formats a size with three digits in powers of 1000, as the hubs' pages do.
func bytesText(n int64) string {
	f, unit := float64(n), "B"
	for _, u := range []string{"kB", "MB", "GB", "TB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1000, u
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.3g %s", f, unit)
}

//go:build browser

package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a page in a headless browser without network, and the errors that it logged.
type tab struct {
	t    *testing.T
	ctx  context.Context
	ran  bool
	mu   sync.Mutex
	bad  []string
	name string
}

// browse opens a page file in Debian's chromium.
func browse(t *testing.T, path, name string, width, height int) *tab {
	t.Helper()
	b := &tab{t: t, name: name}
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(width, height),
		chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true))...)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(alloc, chromedp.WithListener(b.listen))
	t.Cleanup(cancel)
	b.do(call(network.Enable, network.EnableParams{}), call(log.Enable, cdp.Empty{}), call(network.SetBlockedURLs,
		network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "http://*:*/*", Block: true},
			{URLPattern: "https://*:*/*", Block: true}}}))
	b.do(chromedp.Navigate("file://" + path))
	return b
}

// call returns an action that sends a command of the protocol.
func call[P, R any](cmd cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, cmd, params)
		return chromedp.Void{}, err
	}
}

func (b *tab) listen(event any) {
	complain := func(format string, args ...any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.bad = append(b.bad, fmt.Sprintf(format, args...))
	}
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complain("exception: %v", (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			var args []string
			for _, a := range e.Args {
				args = append(args, string(a.Value)+a.Description)
			}
			complain("console %s: %s", e.Type, strings.Join(args, " "))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			complain("log %s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") &&
			!strings.HasPrefix(u, "blob:") {
			complain("asked the network for %s", u)
		}
	}
}

// get runs an action, with a limit of two minutes, and returns its value.
func get[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx := b.ctx
	if b.ran {
		var cancel func()
		ctx, cancel = context.WithTimeout(b.ctx, 2*time.Minute)
		defer cancel()
	}
	b.ran = true // the first context of all bounds the browser's life
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatalf("%s: %v\n%s", b.name, err, strings.Join(b.bad, "\n"))
	}
	return v
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	get(b, chromedp.Steps(actions...))
}

// eval runs a script and returns its value.
func eval[T any](b *tab, format string, args ...any) T {
	b.t.Helper()
	return get(b, chromedp.Evaluate[T](fmt.Sprintf(format, args...)))
}

// quiet fails if the page logged an error or made a request.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, bad := range b.bad {
		b.t.Errorf("%s: %s", b.name, bad)
	}
	b.bad = nil
}

// shot takes a picture of an element, and writes it to the folder SHOTS if that is set.
func (b *tab) shot(selector, name string) image.Image {
	b.t.Helper()
	b.do(chromedp.ScrollIntoView(selector), chromedp.Sleep(150*time.Millisecond))
	return b.keep(get(b, chromedp.Screenshot(selector)), name)
}

func (b *tab) keep(data []byte, name string) image.Image {
	b.t.Helper()
	if dir := os.Getenv("SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, b.name+"-"+name+".png"), data, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	return img
}

// painted returns the share of pixels that differ from that of the corner.
func painted(img image.Image) float64 {
	r := img.Bounds()
	back, n := img.At(r.Min.X+2, r.Max.Y-3), 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if img.At(x, y) != back {
				n++
			}
		}
	}
	return float64(n) / float64(r.Dx()*r.Dy())
}

// figures returns the names of the page's figures.
func (b *tab) figures() []string {
	return eval[[]string](b, `[...document.querySelectorAll('figure')].map(f => f.id)`)
}

// drawn scrolls to each figure and checks that its plot has painted pixels, not only elements.
func (b *tab) drawn() {
	b.t.Helper()
	for _, f := range b.figures() {
		b.do(chromedp.ScrollIntoView("#"+f), chromedp.WaitVisible("#"+f+`[data-drawn=yes]`))
		if share := painted(b.shot("#"+f+" .plot", f)); share < 0.005 {
			b.t.Errorf("%s: %s: only %.2f %% of the plot is painted", b.name, f, share*100)
		}
	}
}

// whole takes a picture of the page from top to bottom.
func (b *tab) whole(name string) {
	b.t.Helper()
	b.keep(get(b, chromedp.FullScreenshot(100)), name)
}

func (b *tab) dark() {
	b.do(call(emulation.SetEmulatedMedia,
		emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}),
		chromedp.Sleep(300*time.Millisecond))
}

// mouse moves, presses or releases the mouse at a share of the width and height of a figure's plot.
func (b *tab) mouse(figure string, kind input.DispatchMouseEventType, x, y float64, opts ...chromedp.MouseOption) {
	b.t.Helper()
	at := eval[[]float64](
		b, `(() => { const r = document.querySelector('#%s .plot').getBoundingClientRect();
			return [r.left + r.width * %g, r.top + r.height * %g]; })()`, figure, x, y)
	if kind != chromedp.MouseMoved {
		opts = append(opts, chromedp.ButtonLeft)
	}
	b.do(chromedp.MouseEvent(kind, at[0], at[1], opts...))
}

// tip returns the tooltip of a figure.
func (b *tab) tip(figure string) string {
	return eval[string](b, `[...document.querySelectorAll('#%s .plot .tip')].map(e => {
		const s = e.parentElement.style;
		return s.opacity === '0' || s.visibility === 'hidden' ? '' : e.textContent;
	}).join('')`, figure)
}

// drag drags the mouse across a figure, between two shares of its width.
func (b *tab) drag(figure string, from, to float64) {
	b.t.Helper()
	b.mouse(figure, chromedp.MouseMoved, from, 0.5)
	b.mouse(figure, chromedp.MousePressed, from, 0.5)
	b.mouse(figure, chromedp.MouseMoved, (from+to)/2, 0.5)
	b.mouse(figure, chromedp.MouseMoved, to, 0.5)
	b.mouse(figure, chromedp.MouseReleased, to, 0.5)
	b.away()
}

// away moves the mouse off the figures.
func (b *tab) away() {
	b.do(chromedp.MouseEvent(chromedp.MouseMoved, 2, 2), chromedp.Sleep(200*time.Millisecond))
}

func same(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	r := a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return true
}

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

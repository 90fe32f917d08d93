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
	"github.com/chromedp/chromedp/kb"
)

// tab is a page in a headless browser that has no network, and the complaints it made.
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
		network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "http://*:*/*", Block: true}, {URLPattern: "https://*:*/*", Block: true}}}))
	b.do(chromedp.Navigate("file://" + path))
	return b
}

// call makes an action of a command of the protocol.
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
		if u := e.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") {
			complain("asked the network for %s", u)
		}
	}
}

// get gives the value of an action, which has two minutes.
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

// eval gives the value of a script.
func eval[T any](b *tab, format string, args ...any) T {
	b.t.Helper()
	return get(b, chromedp.Evaluate[T](fmt.Sprintf(format, args...)))
}

// quiet fails if the page complained or asked the network for anything.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, bad := range b.bad {
		b.t.Errorf("%s: %s", b.name, bad)
	}
	b.bad = nil
}

// shot takes a picture of an element and keeps it where SHOTS says.
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

// painted is the share of pixels that differ from the corner's.
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

// figures are the names of the page's figures.
func (b *tab) figures() []string {
	return eval[[]string](b, `[...document.querySelectorAll('figure')].map(f => f.id)`)
}

// drawn scrolls to each figure and checks that its plot has ink: pixels, not only elements.
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
	b.do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}),
		chromedp.Sleep(300*time.Millisecond))
}

// mouse moves, presses or lets go at a share of the width and height of a figure's plot.
func (b *tab) mouse(figure string, kind input.DispatchMouseEventType, x, y float64, opts ...chromedp.MouseOption) {
	b.t.Helper()
	at := eval[[]float64](b, `(() => { const r = document.querySelector('#%s .plot').getBoundingClientRect(); return [r.left + r.width * %g, r.top + r.height * %g]; })()`, figure, x, y)
	if kind != chromedp.MouseMoved {
		opts = append(opts, chromedp.ButtonLeft)
	}
	b.do(chromedp.MouseEvent(kind, at[0], at[1], opts...))
}

// pageOf writes a page to a file.
func pageOf(t *testing.T, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "page.html")
	mustPlot(t, nil, append(args, "-o", out)...)
	return out
}

// TestBrowser looks at pages of every kind of input: each figure has ink in light and dark, nothing complains, and nothing
// asks the network.
func TestBrowser(t *testing.T) {
	pages := map[string]string{}
	for name, records := range inputs() {
		pages[name] = writeFile(t, name+".jsonl", lines(records))
	}
	for _, file := range strings.Fields(os.Getenv("RECORDS")) {
		pages[sourceName(file)] = file
	}
	for name, file := range pages {
		t.Run(name, func(t *testing.T) {
			b := browse(t, pageOf(t, file, "--slo", "ttft_ms:p99<500"), name, 1360, 900)
			b.drawn()
			b.whole("light")
			b.dark()
			b.whole("dark")
			b.quiet()
		})
	}
}

func TestBrowserComparisonAndChinese(t *testing.T) {
	slow := writeFile(t, "before.jsonl", lines(synth(1, load{run: "rate=10", n: 500, rate: 10, slots: 6, chunks: 24})))
	fast := writeFile(t, "after.jsonl", lines(synth(2, load{run: "rate=10", n: 500, rate: 10, slots: 12, chunks: 24})))
	for name, args := range map[string][]string{"comparison": {slow, fast}, "chinese": {slow, "--lang", "zh"}} {
		b := browse(t, pageOf(t, args...), name, 1360, 900)
		b.drawn()
		b.whole("light")
		b.quiet()
	}
}

// TestBrowserHover moves the mouse over a plot and wants the numbers there, by mouse and by keys.
func TestBrowserHover(t *testing.T) {
	b := browse(t, pageOf(t, writeFile(t, "one.jsonl", lines(inputs()["one"]))), "hover", 1360, 900)
	for figure, want := range map[string]string{"ttft-percentiles": "ms", "ttft-distribution": "%", "request-rate": "1/s", "requests": "request", "latency-heatmap": "requests"} {
		b.do(chromedp.ScrollIntoView("#"+figure+" .plot"), chromedp.WaitVisible("#"+figure+`[data-drawn=yes]`))
		// Rows rise from left to right, cells lie about the middle: on the way up the mouse meets one.
		for i := 0; i < 40 && b.tip(figure) == ""; i++ {
			x := 0.3 + float64(i%8)*0.05
			y := 0.9 - x*0.8
			if figure != "requests" {
				y = 0.3 + float64(i/8)*0.1
			}
			b.mouse(figure, chromedp.MouseMoved, x, y)
			b.do(chromedp.Sleep(50 * time.Millisecond))
		}
		if tip := b.tip(figure); !strings.Contains(tip, want) {
			t.Errorf("%s: hovering shows %q, not %q", figure, tip, want)
		}
		b.shot("#"+figure, figure)
	}
	b.do(chromedp.ScrollIntoView("#ttft-percentiles .plot"), chromedp.Focus("#ttft-percentiles .plot"), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	if said := eval[string](b, `document.querySelector('#ttft-percentiles .said').textContent`); !strings.Contains(said, "ms") {
		t.Errorf("the arrow key says %q", said)
	}
	b.quiet()
}

// tip is the text that hovers over a figure.
func (b *tab) tip(figure string) string {
	return eval[string](b, `[...document.querySelectorAll('#%s .plot .tip')].map(e => e.parentElement.style.opacity === '0' || e.parentElement.style.visibility === 'hidden' ? '' : e.textContent).join('')`, figure)
}

// TestBrowserZoom drags across a figure: it and those of the same time axis zoom; a double click and a key undo it.
func TestBrowserZoom(t *testing.T) {
	b := browse(t, pageOf(t, writeFile(t, "one.jsonl", lines(inputs()["one"]))), "zoom", 1360, 900)
	b.drawn()
	b.do(chromedp.ScrollIntoView("#in-flight .plot"))
	before, linked, other := b.shot("#in-flight .plot", "before"), b.shot("#request-rate .plot", "linked-before"), b.shot("#ttft-percentiles .plot", "other-before")
	b.do(chromedp.ScrollIntoView("#in-flight .plot"))
	b.mouse("in-flight", chromedp.MouseMoved, 0.3, 0.5)
	b.mouse("in-flight", chromedp.MousePressed, 0.3, 0.5)
	b.mouse("in-flight", chromedp.MouseMoved, 0.5, 0.5)
	b.mouse("in-flight", chromedp.MouseReleased, 0.5, 0.5)
	b.away()
	if same(before, b.shot("#in-flight .plot", "after")) {
		t.Error("dragging does not zoom")
	}
	if same(linked, b.shot("#request-rate .plot", "linked-after")) {
		t.Error("the linked figure does not zoom")
	}
	if !same(other, b.shot("#ttft-percentiles .plot", "other-after")) {
		t.Error("a figure of another axis changed")
	}
	b.do(chromedp.ScrollIntoView("#in-flight .plot"), chromedp.Focus("#in-flight .plot"), chromedp.KeyEvent("0"))
	b.away()
	if !same(linked, b.shot("#request-rate .plot", "linked-reset")) {
		t.Error("0 does not undo the zoom")
	}
	b.do(chromedp.ScrollIntoView("#in-flight .plot"), chromedp.Focus("#in-flight .plot"), chromedp.KeyEvent("+"))
	if reset := eval[bool](b, `document.querySelector('#in-flight .reset').hidden`); reset {
		t.Error("+ does not zoom")
	}
	b.quiet()
}

// TestBrowserToggle hides a line by its entry in the legend, and shows the data of a figure as a table.
func TestBrowserToggle(t *testing.T) {
	b := browse(t, pageOf(t, writeFile(t, "one.jsonl", lines(inputs()["one"]))), "toggle", 1360, 900)
	b.do(chromedp.ScrollIntoView("#ttft-time .plot"), chromedp.WaitVisible(`#ttft-time[data-drawn=yes]`))
	before := b.shot("#ttft-time .plot", "before")
	b.do(chromedp.Click("#ttft-time .legend button:last-of-type"))
	b.away()
	if same(before, b.shot("#ttft-time .plot", "after")) {
		t.Error("the legend does not hide a line")
	}
	if pressed := eval[string](b, `document.querySelector('#ttft-time .legend button:last-of-type').getAttribute('aria-pressed')`); pressed != "false" {
		t.Errorf("aria-pressed is %q", pressed)
	}
	b.do(chromedp.Click("#ttft-time .legend button:last-of-type"))
	b.away()
	if !same(before, b.shot("#ttft-time .plot", "again")) {
		t.Error("the legend does not show the line again")
	}
	b.do(chromedp.Click("#ttft-time summary"), chromedp.WaitVisible("#ttft-time details table"))
	if rows := eval[int](b, `document.querySelectorAll('#ttft-time details tbody tr').length`); rows < 10 {
		t.Errorf("the table of data has %d rows", rows)
	}
	if back := eval[string](b, `document.getElementById('theme').click(), getComputedStyle(document.body).backgroundColor`); back != "rgb(20, 23, 27)" {
		t.Errorf("the dark page is %s", back)
	}
	b.quiet()
}

// TestBrowserHostile wants strings of the records to be text: nothing runs, and no element comes of them.
func TestBrowserHostile(t *testing.T) {
	bad := `</script><img src=x onerror="window.owned=1"><svg onload="window.owned=1">`
	records := synth(1, load{run: bad, n: 60, rate: 10, slots: 4, chunks: 4, failures: 0.3}, load{run: bad + "2", n: 60, rate: 20, slots: 4, chunks: 4})
	for i := range records {
		records[i].Model, records[i].URL = bad, "http://h/"+bad
		if records[i].Error != nil {
			records[i].Error.Message = bad
		}
	}
	b := browse(t, pageOf(t, writeFile(t, "hostile.jsonl", lines(records)), "--title", bad), "hostile", 1360, 900)
	b.drawn()
	b.mouse("ttft-percentiles", chromedp.MouseMoved, 0.5, 0.5)
	b.do(chromedp.Sleep(200 * time.Millisecond))
	if eval[bool](b, `window.owned !== undefined || document.querySelector('img, svg[onload]') !== null`) {
		t.Error("a string of the records became markup")
	}
	b.whole("light")
	b.quiet()
}

// TestBrowserPrint makes a PDF, which draws every figure, in light colours.
func TestBrowserPrint(t *testing.T) {
	b := browse(t, pageOf(t, writeFile(t, "twenty.jsonl", lines(inputs()["twenty"]))), "print", 1360, 900)
	b.dark()
	pdf := get(b, chromedp.PrintToPDF())
	if undrawn := eval[int](b, `document.querySelectorAll('figure:not([data-drawn=yes])').length`); undrawn > 0 {
		t.Errorf("%d figures are not printed", undrawn)
	}
	if dir := os.Getenv("SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "print.pdf"), pdf, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.quiet()
}

// TestBrowserFirstPaint says how long the first paint takes of the page of the records in MILLION, and looks at it.
func TestBrowserFirstPaint(t *testing.T) {
	file := os.Getenv("MILLION")
	if file == "" {
		t.Skip("MILLION names no records")
	}
	path := pageOf(t, file)
	if info, err := os.Stat(path); err != nil || info.Size() >= 2<<20 {
		t.Errorf("the page has %d bytes, %v", info.Size(), err)
	}
	b := browse(t, path, "million", 1360, 900)
	b.do(chromedp.WaitVisible(`figure[data-drawn=yes]`))
	t.Logf("first contentful paint after %.0f ms", eval[float64](b, `performance.getEntriesByName('first-contentful-paint')[0].startTime`))
	b.drawn()
	b.do(chromedp.ScrollIntoView("#requests .plot"))
	before := b.shot("#requests .plot", "before")
	b.mouse("requests", chromedp.MousePressed, 0.5, 0.5)
	b.mouse("requests", chromedp.MouseMoved, 0.501, 0.5)
	b.mouse("requests", chromedp.MouseMoved, 0.51, 0.5)
	b.mouse("requests", chromedp.MouseReleased, 0.51, 0.5)
	b.away()
	if same(before, b.shot("#requests .plot", "after")) {
		t.Error("dragging does not zoom")
	}
	b.whole("light")
	b.quiet()
}

// away takes the mouse off the figures.
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

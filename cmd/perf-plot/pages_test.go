//go:build browser

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"perfpipe/internal/report/reporttest"
)

// pageOf writes a page to a file.
func pageOf(t *testing.T, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "page.html")
	mustPlot(t, nil, append(args, "-o", out)...)
	return out
}

// TestBrowser opens pages of every kind of input: each figure is drawn, in light and dark colours, without errors and
// without requests.
func TestBrowser(t *testing.T) {
	pages := map[string]string{}
	for name, records := range inputs() {
		pages[name] = writeFile(t, name+".jsonl", reporttest.Lines(records))
	}
	for _, file := range strings.Fields(os.Getenv("RECORDS")) {
		pages[strings.TrimSuffix(filepath.Base(file), ".jsonl")] = file
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
	slow := writeFile(t, "before.jsonl", reporttest.Lines(reporttest.Records(1,
		reporttest.Load{Run: "rate=10", N: 500, Rate: 10, Slots: 6, Chunks: 24})))
	fast := writeFile(t, "after.jsonl", reporttest.Lines(reporttest.Records(2,
		reporttest.Load{Run: "rate=10", N: 500, Rate: 10, Slots: 12, Chunks: 24})))
	for name, args := range map[string][]string{"comparison": {slow, fast}, "chinese": {slow, "--lang", "zh"}} {
		b := browse(t, pageOf(t, args...), name, 1360, 900)
		b.drawn()
		b.whole("light")
		b.quiet()
	}
}

// TestBrowserHover checks that a plot shows the numbers at the mouse, and those selected by keys.
func TestBrowserHover(t *testing.T) {
	b := browse(t, pageOf(t, writeFile(t, "one.jsonl", reporttest.Lines(inputs()["one"]))), "hover", 1360, 900)
	for figure, want := range map[string]string{"ttft-percentiles": "ms", "ttft-distribution": "%",
		"request-rate": "1/s", "requests": "request", "latency-heatmap": "requests"} {
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
	b.do(chromedp.ScrollIntoView("#ttft-percentiles .plot"), chromedp.Focus("#ttft-percentiles .plot"),
		chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	if said := eval[string](b, `document.querySelector('#ttft-percentiles .said').textContent`); !strings.Contains(said,
		"ms") {
		t.Errorf("the arrow key says %q", said)
	}
	b.quiet()
}

// TestBrowserZoom drags across a figure: it and those of the same time axis zoom; a double click and a key undo it.
func TestBrowserZoom(t *testing.T) {
	b := browse(t, pageOf(t, writeFile(t, "one.jsonl", reporttest.Lines(inputs()["one"]))), "zoom", 1360, 900)
	b.drawn()
	b.do(chromedp.ScrollIntoView("#in-flight .plot"))
	before, linked, other := b.shot("#in-flight .plot", "before"), b.shot("#request-rate .plot",
		"linked-before"), b.shot("#ttft-percentiles .plot", "other-before")
	b.do(chromedp.ScrollIntoView("#in-flight .plot"))
	b.drag("in-flight", 0.3, 0.5)
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
	b := browse(t, pageOf(t, writeFile(t, "one.jsonl", reporttest.Lines(inputs()["one"]))), "toggle", 1360, 900)
	b.do(chromedp.ScrollIntoView("#ttft-time .plot"), chromedp.WaitVisible(`#ttft-time[data-drawn=yes]`))
	before := b.shot("#ttft-time .plot", "before")
	b.do(chromedp.Click("#ttft-time .legend button:last-of-type"))
	b.away()
	if same(before, b.shot("#ttft-time .plot", "after")) {
		t.Error("the legend does not hide a line")
	}
	if pressed := eval[string](b,
		`document.querySelector('#ttft-time .legend button:last-of-type').getAttribute('aria-pressed')`); pressed != "false" {
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
	if back := eval[string](
		b, `document.getElementById('theme').click(),
			getComputedStyle(document.body).backgroundColor`); back != "rgb(20, 23, 27)" {
		t.Errorf("the dark page is %s", back)
	}
	b.quiet()
}

// TestBrowserHostile checks that strings of the records stay text: they run no script and create no element.
func TestBrowserHostile(t *testing.T) {
	bad := `</script><img src=x onerror="window.owned=1"><svg onload="window.owned=1">`
	records := reporttest.Records(1, reporttest.Load{Run: bad, N: 60, Rate: 10, Slots: 4, Chunks: 4, Failures: 0.3},
		reporttest.Load{Run: bad + "2", N: 60, Rate: 20, Slots: 4, Chunks: 4})
	for i := range records {
		records[i].Model, records[i].URL = bad, "http://h/"+bad
		if records[i].Error != nil {
			records[i].Error.Message = bad
		}
	}
	b := browse(t, pageOf(t, writeFile(t, "hostile.jsonl", reporttest.Lines(records)), "--title", bad), "hostile", 1360,
		900)
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
	b := browse(t, pageOf(t, writeFile(t, "twenty.jsonl", reporttest.Lines(inputs()["twenty"]))), "print", 1360, 900)
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

// TestBrowserMillion makes a page of a million requests of 32 chunks: it is small, made in little memory, and works.
func TestBrowserMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	records, page := million(t), filepath.Join(t.TempDir(), "page.html")
	program := filepath.Join(t.TempDir(), "perf-plot")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd, began := exec.Command(program, records, "-o", page), time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak := peakOf(cmd.Process.Pid)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(page)
	if err != nil {
		t.Fatal(err)
	}
	most := <-peak
	t.Logf("%.1f s, of it %.1f s of CPU; %d MB of memory; a page of %.2f MB", time.Since(began).Seconds(),
		cmd.ProcessState.UserTime().Seconds(), most>>10, float64(info.Size())/1e6)
	if info.Size() >= 2e6 || most>>10 >= 200 {
		t.Error("the page or the memory is too large")
	}
	b := browse(t, page, "million", 1360, 900)
	t.Logf("first contentful paint after %.0f ms", b.firstPaint())
	b.drawn()
	for _, figure := range []string{"requests", "latency-heatmap"} {
		b.do(chromedp.ScrollIntoView("#" + figure + " .plot"))
		before := b.shot("#"+figure+" .plot", figure+"-before")
		b.drag(figure, 0.5, 0.52)
		if same(before, b.shot("#"+figure+" .plot", figure+"-zoomed")) {
			t.Errorf("%s: dragging does not zoom", figure)
		}
		b.do(chromedp.Focus("#"+figure+" .plot"), chromedp.KeyEvent("0"))
	}
	b.whole("light")
	b.quiet()
}

// firstPaint returns when the first text or figure was painted, in ms after the navigation.
func (b *tab) firstPaint() float64 {
	b.t.Helper()
	return get(b, chromedp.Evaluate[float64](`new Promise(done => new PerformanceObserver(list => {
		for (const e of list.getEntries()) if (e.name === 'first-contentful-paint') done(e.startTime);
	}).observe({type: 'paint', buffered: true}))`, chromedp.EvalAwaitPromise))
}

// peakOf returns the peak memory of a process that has ended, in KiB. (Its rusage would count the memory that it shared
// with the test before exec.)
func peakOf(pid int) <-chan int {
	peak := make(chan int, 1)
	go func() {
		most := 0
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, rest, found := strings.Cut(string(status), "VmHWM:")
			if err != nil || !found {
				peak <- most
				return
			}
			kib := 0
			fmt.Sscan(rest, &kib)
			most = max(most, kib)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return peak
}

// million writes a million records, a part at a time.
func million(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "million.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const parts = 100
	var shift int64
	for i := range int64(parts) {
		records := reporttest.Records(uint64(i), reporttest.Load{Run: "rate=500", N: 1_000_000 / parts, Rate: 500,
			Slots: 300, Chunks: 32, Failures: 0.005})
		for k := range records {
			r := &records[k]
			r.Seq, r.ScheduledUs, r.SentUs = r.Seq+i*int64(len(records)), r.ScheduledUs+shift, r.SentUs+shift
		}
		if _, err := file.Write(reporttest.Lines(records)); err != nil {
			t.Fatal(err)
		}
		shift += records[len(records)-1].ScheduledUs - records[0].ScheduledUs
	}
	return path
}

// TestGallery takes the pictures of docs/charts.md from the records that the script has made.
func TestGallery(t *testing.T) {
	dir, into := os.Getenv("GALLERY"), os.Getenv("GALLERY_OUT")
	if dir == "" {
		t.Skip("GALLERY names no records: scripts/test-browser --gallery makes them")
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	t.Setenv("SHOTS", into)
	for _, page := range []struct {
		name    string
		args    []string
		figures []string
	}{
		{"sweep", []string{at("sweep.jsonl"), "--slo", "ttft_ms:p99<500", "--metrics", at("metrics.jsonl")}, []string{
			"throughput-load", "ttft-load", "latency-throughput", "interactivity", "ttft-percentiles", "latency-distribution",
			"request-rate", "ttft-time",
			"latency-heatmap", "requests", "tpot-concurrency", "server-requests"}},
		{"run", []string{at("run.jsonl")}, []string{"ttft-distribution", "errors-time", "tokens", "ttft-length",
			"ttft-turn"}},
		{"comparison", []string{at("before.jsonl"), at("after.jsonl")}, []string{"ttft-percentiles"}},
		{"chinese", []string{at("run.jsonl"), "--lang", "zh"}, []string{"latency-percentiles"}},
	} {
		b := browse(t, pageOf(t, page.args...), page.name, 1180, 900)
		for _, f := range page.figures {
			b.do(chromedp.ScrollIntoView("#"+f), chromedp.WaitVisible("#"+f+`[data-drawn=yes]`))
			b.shot("#"+f, f)
		}
		if page.name == "comparison" {
			b.shot("main > section.table:first-of-type", "table")
		}
		if page.name == "sweep" {
			b.dark()
			b.shot("#ttft-load", "dark")
		}
		b.quiet()
	}
}

// TestBrowserLayout measures the layout: grid lines and marks are at their values, charts along time have one scale,
// names at the ends of lines do not overlap, and a page fits a phone.
func TestBrowserLayout(t *testing.T) {
	sweep := writeFile(t, "sweep.jsonl", reporttest.Lines(reporttest.Records(1, reporttest.Sweep(6, 150)...)))
	other := writeFile(t, "other.jsonl", reporttest.Lines(reporttest.Records(2, reporttest.Sweep(6, 150)...)))
	b := browse(t, pageOf(t, sweep, other, "--slo", "ttft_ms:p99<500"), "layout", 1280, 900)
	b.drawn()
	const chartOf = `echarts.getInstanceByDom(document.querySelector('#%s .plot'))`
	// The horizontal lines across the plot, and the places of the ticks and the SLO.
	off := eval[[]string](b, `(() => {
		const bad = [];
		for (const f of document.querySelectorAll('figure')) {
			const c = echarts.getInstanceByDom(f.querySelector('.plot'));
			const g = c.getModel().getComponent('grid').coordinateSystem.getRect();
			const rows = c.getZr().storage.getDisplayList(true)
				.filter(e => e.type === 'ec-line' && Math.abs(e.shape.y1 - e.shape.y2) < 0.01
					&& Math.abs(Math.abs(e.shape.x2 - e.shape.x1) - g.width) < 2).map(e => e.shape.y1);
			for (const p of c.getOption().yAxis[0].axisLabel.customValues) {
				const at = c.convertToPixel({yAxisIndex: 0}, p);
				if (!rows.some(y => Math.abs(y - at) < 1)) bad.push(f.id + ': no line at the tick ' + p);
			}
		}
		return bad;
	})()`)
	for _, bad := range off {
		t.Error(bad)
	}
	scales := eval[[]string](b, `[...new Set([...document.querySelectorAll('figure.wide')].map(f => {
		const c = echarts.getInstanceByDom(f.querySelector('.plot')), m = c.getModel();
		const g = m.getComponent('grid').coordinateSystem.getRect();
		return m.getComponent('xAxis').axis.scale.getExtent().join() + ' over ' + g.x + '+' + g.width;
	}))]`)
	if len(scales) != 1 {
		t.Errorf("charts along time have %d scales: %q", len(scales), scales)
	}
	if n := eval[int](b, chartOf+`.getOption().series.length`, "ttft-load"); n < 4 {
		t.Errorf("%d series", n)
	}
	close := eval[[]string](b, `[...document.querySelectorAll('figure')].flatMap(f => {
		const texts = echarts.getInstanceByDom(f.querySelector('.plot')).getZr().storage.getDisplayList(true)
			.filter(e => e.type === 'tspan' && /sweep|other/.test(e.style.text))
			.map(e => {
				const r = e.getBoundingRect().clone();
				e.transform && r.applyTransform(e.transform);
				return [e.style.text, r];
			});
		return texts.flatMap(([a, r], i) => texts.slice(i + 1).filter(([, q]) =>
			Math.min(r.x + r.width, q.x + q.width) - Math.max(r.x, q.x) > 2
			&& Math.min(r.y + r.height, q.y + q.height) - Math.max(r.y, q.y) > 3)
			.map(([c]) => f.id + ': ' + a + ' over ' + c));
	})`)
	for _, bad := range close {
		t.Error(bad)
	}
	b.do(call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844,
		DeviceScaleFactor: 2, Mobile: true}), chromedp.Sleep(500*time.Millisecond))
	if wide := eval[int](b, `document.documentElement.scrollWidth`); wide > 390 {
		t.Errorf("the page is %d px wide on a phone of 390", wide)
	}
	if silent := eval[[]string](b,
		`[...document.querySelectorAll('main > section.table .scroll')].filter(s =>
			s.scrollWidth > s.clientWidth + 2 && (!s.previousElementSibling.classList.contains('sideways')
				|| s.previousElementSibling.hidden))
			.map(s => s.getAttribute('aria-label'))`); len(silent) > 0 {
		t.Errorf("tables that scroll without a word: %q", silent)
	}
	if moved := eval[float64](
		b, `(() => { const s = document.querySelector('main > section.table .scroll');
			const th = s.querySelector('tbody th'), x = th.getBoundingClientRect().x; s.scrollLeft = 200;
			return th.getBoundingClientRect().x - x; })()`); moved < -1 || moved > 1 {
		t.Errorf("the first column moves by %v px", moved)
	}
	b.whole("phone")
	b.quiet()
}

package report

import (
	"cmp"
	"math"
	"slices"

	"perfpipe/internal/chart"
	"perfpipe/internal/ledger"
)

// ledgers draws where the time of requests went: from the fastest to the slowest of each load point, and along the run.
func ledgers(r *report) []chart.Figure {
	var out []chart.Figure
	for i := range r.points {
		if len(out) == mostLedgers {
			break
		}
		p := &r.points[i]
		if s := p.src.during(p.Run, p.FirstScheduledUs); s != nil {
			if f, ok := r.ledgerByRank(p, s.ledger.Entries(), len(out)); ok {
				out = append(out, f)
			}
		}
	}
	if f, ok := r.ledgerOverTime(); ok {
		out = append(out, f)
	}
	return out
}

// mostLedgers limits the load points that are drawn.
const mostLedgers = 6

// account returns the account to draw of the entries: that of the TTFT, or else of the latency.
func account(entries []ledger.Entry) (a ledger.Account, name string) {
	if slices.ContainsFunc(entries, func(e ledger.Entry) bool { return e.TTFT > 0 }) {
		return ledger.TTFT, "TTFT"
	}
	return ledger.Latency, "latency"
}

// composed is one request, or the mean of several.
type composed struct {
	at    float64 // its rank or time
	total float64
	parts [ledger.Parts]float64
}

func compositions(entries []ledger.Entry, a ledger.Account) (list []composed) {
	for i := range entries {
		if parts, total, ok := entries[i].Compose(a); ok {
			list = append(list, composed{float64(entries[i].EndUs), total, parts})
		}
	}
	return list
}

// band is an interval of an axis, with the sums of the requests in it.
type band struct {
	from, to float64
	sum      composed
	n        int
}

func (b *band) add(c *composed) {
	b.n++
	b.sum.total += c.total
	for p, ms := range c.parts {
		b.sum.parts[p] += ms
	}
}

// partColors are the colours of the parts. Those that are seldom large together share one.
var partColors = [ledger.Parts]int{
	ledger.Connection: 0, ledger.Sending: 6, ledger.Network: 5, ledger.Gateway: 3, ledger.Header: 3, ledger.Queue: 1,
	ledger.Load: 6, ledger.Prefill: 2, ledger.Decode: 4, ledger.Server: 3, ledger.Unexplained: 7,
}

// stack returns the parts of the bands as stacked bars, those at the bottom first.
func (r *report) stack(bands []band) (series []chart.Series) {
	for p, name := range ledger.Names() {
		s := chart.Series{Name: r.tr(name), Kind: chart.Bars, Color: partColors[p]}
		takes := false
		for _, b := range bands {
			if b.n == 0 {
				continue
			}
			ms := b.sum.parts[p] / float64(b.n)
			takes = takes || ms >= b.sum.total/float64(b.n)/500 // less is invisible
			s.X, s.X2, s.Y = append(s.X, b.from), append(s.X2, b.to), append(s.Y, ms)
		}
		if takes || ledger.Part(p) == ledger.Unexplained {
			series = append(series, s)
		}
	}
	return series
}

// edges are the percentiles between which n requests are drawn together.
func edges(n int) []float64 {
	list := []float64{0}
	for p := 10.0; p <= 80; p += 10 {
		list = append(list, p)
	}
	for _, p := range [...]float64{90, 92, 94, 96, 97, 98, 99, 99.5, 99.9, 99.99} {
		if (100-p)/100*float64(n) < 0.5 {
			break
		}
		list = append(list, p)
	}
	return list
}

func (r *report) ledgerByRank(p *point, entries []ledger.Entry, k int) (f chart.Figure, ok bool) {
	a, what := account(entries)
	list := compositions(entries, a)
	slices.SortFunc(list, func(x, y composed) int { return cmp.Compare(x.total, y.total) })
	var bands []band
	at := edges(len(list))
	for i, to := range at[1:] {
		b := band{from: at[i], to: to}
		lo, hi := int(math.Round(b.from/100*float64(len(list)))), int(math.Round(b.to/100*float64(len(list))))
		if i+2 == len(at) {
			hi = len(list)
		}
		for j := lo; j < hi; j++ {
			b.add(&list[j])
		}
		if b.n > 0 {
			bands = append(bands, b)
		}
	}
	if len(bands) == 0 {
		return f, false
	}
	name, title := "ledger", r.trf("Where the %s went", r.tr(what))
	if len(r.points) > 1 {
		name, title = "ledger-"+string(rune('1'+k)), title+": "+p.label
	}
	f = chart.Figure{
		Name: name, Section: r.tr("Where the time went"), Title: title, Stacked: true, Wide: true, Height: 300,
		Note: r.tr("Requests from the fastest to the slowest: the mean of each part, as the client measured it and " +
			"the server reports it."),
		X:      chart.Axis{Label: r.tr("percentile"), Unit: "%", Scale: chart.Nines},
		Y:      chart.Axis{Label: r.tr(what), Unit: "ms", Zero: true},
		Series: r.stack(bands),
	}
	slowest := &bands[len(bands)-1]
	f.Alt = r.trf("%s: %s ms at the slowest. ", p.label, chart.Number(slowest.sum.total/float64(slowest.n)))
	return f, true
}

// ledgerOverTime draws the parts along the run of a single source.
func (r *report) ledgerOverTime() (f chart.Figure, ok bool) {
	if len(r.sources) != 1 {
		return f, false
	}
	src := r.sources[0]
	var entries []ledger.Entry
	for _, s := range src.runs {
		entries = append(entries, s.ledger.Entries()...)
	}
	a, what := account(entries)
	list := compositions(entries, a)
	if len(list) == 0 {
		return f, false
	}
	n := min(max(len(list)/10, 12), 120)
	width := max(src.end()/float64(n), 1e-6)
	bands := make([]band, n)
	for i := range bands {
		bands[i].from, bands[i].to = float64(i)*width, float64(i+1)*width
	}
	for i := range list {
		bands[min(max(int((list[i].at-float64(src.start()))/1e6/width), 0), n-1)].add(&list[i])
	}
	f = r.timeFigure("ledger-time", "", "The mean of each part, of the requests that ended in each interval.",
		chart.Axis{Label: r.tr(what), Unit: "ms", Zero: true})
	f.Section, f.Title = r.tr("Where the time went"), r.trf("Where the %s went, over time", r.tr(what))
	f.Stacked, f.Series = true, r.stack(bands)
	top := 0.0
	for _, b := range bands {
		if b.n > 0 {
			top = max(top, b.sum.total/float64(b.n))
		}
	}
	f.Alt = r.trf("%s: at most %s ms. ", r.tr(what), chart.Number(top))
	return f, true
}

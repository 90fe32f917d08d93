package stats

import (
	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
	"perfpipe/internal/metric"
)

// figure returns the figure of the block that package gate calls name, or NaN if there is none.
func (b *Block) figure(name string) dist.Num {
	switch name {
	case "ok":
		return b.SuccessRate
	case "requests":
		return dist.Num(b.Requests)
	case "failed":
		return dist.Num(b.Failed)
	case "goodput":
		return b.Goodput.share()
	case "goodput_per_s":
		return b.Goodput.perS()
	case "requests_per_s":
		return b.RequestsPerS
	case "output_tokens_per_s":
		return b.OutputPerS
	case "input_tokens_per_s":
		return b.InputPerS
	case "total_tokens_per_s":
		return b.TotalPerS
	case "items_per_s":
		return b.ItemsPerS
	case "cache_hit":
		return b.CacheHit
	}
	return dist.NaN()
}

// judged returns distribution i for a gate. A failed request counts as +∞ in every duration that a successful one would
// have, not only in response time.
func (g *accumulator) judged(i int, opt *Options) *dist.Dist {
	d := g.dist(i)
	switch {
	case !metric.All()[i].Failing:
	case opt.DropFailures:
		d.SetFailed(0)
	default:
		d.SetFailed(g.requests - g.done.OK)
	}
	return d
}

// gates returns the results of all gates for b.
func (g *accumulator) gates(b *Block, opt *Options) []gate.Result {
	var out []gate.Result
	for _, condition := range opt.Gates {
		v := b.figure(condition.Figure)
		if i := metric.Index(condition.Metric); i >= 0 {
			v = condition.Of(g.judged(i, opt), metric.All()[i].Scale)
		}
		out = append(out, condition.Judge(v))
	}
	return out
}

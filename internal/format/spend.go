package format

import (
	"fmt"
	"io"
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/spend"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// spendTable returns what the load point cost in energy and money, or nil if neither is known.
func spendTable(b *stats.Block) *table.Table {
	t := &table.Table{Header: []string{"energy and cost", ""}}
	row := func(name string, v dist.Num) {
		if v.Known() {
			t.Rows = append(t.Rows, []string{name, number(v)})
		}
	}
	if e := b.Energy; e != nil {
		row("energy (J)", e.Joules)
		row("power (W)", e.PowerW)
		row("J per request", e.PerRequest)
		row("J per output token", e.PerOutputToken)
		row("output tokens/s per W", e.TokensPerWatt)
		row("energy of the CPUs (J)", e.CPUs)
		t.Notes = append(t.Notes, energyNote(e))
	}
	if c := b.Cost; c != nil {
		for _, by := range []struct {
			name string
			*spend.Bill
		}{{"by tokens", c.Tokens}, {"by the hour", c.Hour}} {
			if by.Bill != nil {
				row("cost "+by.name+" ($)", by.Total.Num())
				row("$ per request, "+by.name, by.PerRequest.Num())
				row("$ per million output tokens, "+by.name, by.PerMillionOutput.Num())
			}
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

// energyNote describes where the energy comes from.
func energyNote(e *spend.Energy) string {
	name := map[string]string{"gpus": "GPU", "cpus": "CPU"}[e.Of]
	if e.Devices != 1 {
		name += "s"
	}
	how := map[string]string{
		"counter": "by energy counters", "power": "by samples of power",
		"mixed": "by energy counters, and if there are none by samples of power",
	}[e.Method]
	note := fmt.Sprintf("energy of %d %s with idle power, %s that cover %s %% of the time", e.Devices, name, how,
		number(100*e.Coverage))
	if e.Coverage < 0.999 {
		note += "; the rest at the same power"
	}
	return note
}

// column is a column of the overview.
type column struct {
	name string
	of   func(*stats.Block) dist.Num
}

// spendColumns returns the columns of energy and money that have a value for at least one block.
func spendColumns(s *stats.Summary) []column {
	return slices.DeleteFunc([]column{
		{"J/output tok", func(b *stats.Block) dist.Num { return b.Energy.OutputToken() }},
		{"$/M output tok", func(b *stats.Block) dist.Num { return b.Cost.MillionByTokens() }},
		{"$/M, by the hour", func(b *stats.Block) dist.Num { return b.Cost.MillionByHour() }},
	}, func(c column) bool {
		return !slices.ContainsFunc(s.Blocks, func(b stats.Block) bool { return c.of(&b).Known() })
	})
}

// spendCells adds the columns of energy and money to a row.
func (c *cells) spendCells(b *stats.Block) {
	none := dist.NaN()
	e := spend.Energy{
		Joules: none, Coverage: none, PowerW: none, CPUs: none, PerRequest: none, PerOutputToken: none, PerToken: none,
		TokensPerWatt: none,
	}
	if b.Energy != nil {
		e = *b.Energy
	}
	c.num("energy_joules", e.Joules)
	c.add("energy_method", e.Method)
	c.num("energy_coverage", e.Coverage)
	c.num("energy_power_w", e.PowerW)
	c.num("energy_cpu_joules", e.CPUs)
	c.num("energy_joules_per_request", e.PerRequest)
	c.num("energy_joules_per_output_token", e.PerOutputToken)
	c.num("energy_joules_per_token", e.PerToken)
	c.num("energy_output_tokens_per_s_per_w", e.TokensPerWatt)
	var cost spend.Cost
	if b.Cost != nil {
		cost = *b.Cost
	}
	c.bill("by_tokens", cost.Tokens)
	c.bill("by_hour", cost.Hour)
}

func (c *cells) bill(by string, bill *spend.Bill) {
	if bill == nil {
		none := spend.Money(dist.NaN())
		bill = &spend.Bill{Total: none, PerRequest: none, PerMillionOutput: none}
	}
	money := func(name string, m spend.Money) {
		text := ""
		if m.Num().Known() {
			b, _ := m.MarshalJSON() // never fails
			text = string(b)
		}
		c.add("cost_"+by+name, text)
	}
	money("_usd", bill.Total)
	money("_usd_per_request", bill.PerRequest)
	money("_usd_per_million_output_tokens", bill.PerMillionOutput)
}

// energyGauges returns the energy of a block as Prometheus gauges.
func energyGauges() []gauge {
	of := func(pick func(*spend.Energy) dist.Num) func(*stats.Block) dist.Num {
		return func(b *stats.Block) dist.Num {
			if b.Energy == nil {
				return dist.NaN()
			}
			return pick(b.Energy)
		}
	}
	return []gauge{
		{"energy_joules", "Energy of the devices, idle power included.",
			of(func(e *spend.Energy) dist.Num { return e.Joules })},
		{"power_watts", "Mean power of the devices.", of(func(e *spend.Energy) dist.Num { return e.PowerW })},
		{"joules_per_request", "Energy ÷ successful requests.", of(func(e *spend.Energy) dist.Num { return e.PerRequest })},
		{"joules_per_output_token", "Energy ÷ output tokens.",
			of(func(e *spend.Energy) dist.Num { return e.PerOutputToken })},
	}
}

// costGauge is an amount of money of a block as a Prometheus gauge, with a label for the kind of price.
type costGauge struct {
	name, help string
	samples    func(w io.Writer, b *stats.Block, labels string)
}

func costGauges() []costGauge {
	of := func(name, help string, amount func(*spend.Bill) spend.Money) costGauge {
		return costGauge{name, help, func(w io.Writer, b *stats.Block, l string) {
			if b.Cost == nil {
				return
			}
			for _, by := range []struct {
				name string
				*spend.Bill
			}{{"tokens", b.Cost.Tokens}, {"hour", b.Cost.Hour}} {
				if by.Bill != nil && amount(by.Bill).Num().Known() {
					fmt.Fprintf(w, "perfpipe_%s{%s,%s} %s\n", name, l, label("by", by.name), sample(amount(by.Bill).Num()))
				}
			}
		}}
	}
	return []costGauge{
		of("cost_dollars", "Cost of the successful requests.", func(b *spend.Bill) spend.Money { return b.Total }),
		of("cost_dollars_per_request", "Cost ÷ successful requests.",
			func(b *spend.Bill) spend.Money { return b.PerRequest }),
		of("cost_dollars_per_million_output_tokens", "Cost ÷ output tokens × 10⁶.",
			func(b *spend.Bill) spend.Money { return b.PerMillionOutput }),
	}
}

// OfWholeServer reports whether a summary has figures that are those of the server whichever records it is about: its
// energy, or its cost by the hour.
func OfWholeServer(s *stats.Summary) bool {
	return slices.ContainsFunc(s.Blocks, func(b stats.Block) bool {
		return b.Energy != nil || b.Cost != nil && b.Cost.Hour != nil
	})
}

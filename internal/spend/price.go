package spend

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/fault"
)

// Prices are what tokens or machines cost, in US dollars or any other currency. The zero value is unknown.
type Prices struct {
	Tokens *TokenPrices
	Hour   float64 // of the whole server, for an hour; 0 is unknown
}

// TokenPrices are prices of a million tokens.
type TokenPrices struct{ In, Out, Cached float64 }

// Parse parses the prices of tokens and that of an hour. Each may be empty. Errors are *fault.Error about the settings
// price and price-hour.
func Parse(tokens, hour string) (p Prices, err error) {
	if p.Tokens, err = parseTokens(tokens); err != nil {
		return p, &fault.Error{
			Code: fault.CodeUsage, Setting: "price", Err: err, Hint: "such as 'in=0.15,out=0.60,cached=0.075'",
		}
	}
	if p.Hour, err = parsePrice(hour); err != nil {
		return p, &fault.Error{Code: fault.CodeUsage, Setting: "price-hour", Err: err, Hint: "such as 12.5"}
	}
	return p, nil
}

// parseTokens parses "in=0.15,out=0.60,cached=0.075". Tokens without a price cost nothing, except that cached ones cost
// as much as other input. It returns nil for "".
func parseTokens(text string) (*TokenPrices, error) {
	if text == "" {
		return nil, nil
	}
	p := &TokenPrices{Cached: math.NaN()}
	given := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		to := map[string]*float64{"in": &p.In, "out": &p.Out, "cached": &p.Cached}[name]
		switch {
		case !ok || to == nil:
			return nil, fmt.Errorf("%q is not in=…, out=… or cached=…", part)
		case given[name]:
			return nil, fmt.Errorf("%s is given twice", name)
		case value == "":
			return nil, fmt.Errorf("%s has no price", name)
		}
		var err error
		if *to, err = parsePrice(value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		given[name] = true
	}
	if !given["cached"] {
		p.Cached = p.In
	}
	return p, nil
}

// parsePrice parses a price such as "12.5". It returns 0 for "".
func parsePrice(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a price, from 0", text)
	}
	return v, nil
}

// Cost is what a load point cost by prices of tokens, and by the price of an hour. They are not parts of one sum: a
// reader compares them.
type Cost struct {
	Tokens *Bill `json:"by_tokens,omitempty"`
	Hour   *Bill `json:"by_hour,omitempty"`
}

// MillionByTokens returns the cost of a million output tokens by prices of tokens, or NaN. c may be nil.
func (c *Cost) MillionByTokens() dist.Num {
	if c == nil {
		return dist.NaN()
	}
	return c.Tokens.million()
}

// MillionByHour returns the cost of a million output tokens by the price of an hour, or NaN. c may be nil.
func (c *Cost) MillionByHour() dist.Num {
	if c == nil {
		return dist.NaN()
	}
	return c.Hour.million()
}

// Bill is a cost in dollars. Failed requests cost no tokens, as the server does not report any.
type Bill struct {
	Total            Money `json:"usd"`
	PerRequest       Money `json:"usd_per_request"`               // successful
	PerMillionOutput Money `json:"usd_per_million_output_tokens"` // with all else that was paid for
}

func (b *Bill) million() dist.Num {
	if b == nil {
		return dist.NaN()
	}
	return b.PerMillionOutput.Num()
}

// Money is an amount that may not exist. Unlike a dist.Num it is not rounded to a number of decimals, since a request
// may cost less than a millionth.
type Money float64

// Num returns the amount as a number.
func (m Money) Num() dist.Num { return dist.Num(m) }

// MarshalJSON implements json.Marshaler: nine significant digits, or null.
func (m Money) MarshalJSON() ([]byte, error) {
	if !m.Num().Known() {
		return []byte("null"), nil
	}
	v, err := strconv.ParseFloat(strconv.FormatFloat(float64(m), 'e', 8, 64), 64)
	return strconv.AppendFloat(nil, v, 'f', -1, 64), err
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Money) UnmarshalJSON(b []byte) error { return (*dist.Num)(m).UnmarshalJSON(b) }

// CostOf returns the cost of the work w, or nil if there is no price. The price by the hour is for the part of it
// that was done in its time, timed.
func CostOf(p Prices, w, timed Work) *Cost {
	c := &Cost{}
	if t := p.Tokens; t != nil {
		cached := min(w.Cached, w.Input)
		c.Tokens = bill((t.In*float64(w.Input-cached)+t.Cached*float64(cached)+t.Out*float64(w.Output))/1e6, w)
	}
	if p.Hour > 0 && timed.Seconds.Known() {
		c.Hour = bill(p.Hour*float64(timed.Seconds)/3600, timed)
	}
	if *c == (Cost{}) {
		return nil
	}
	return c
}

func bill(usd float64, w Work) *Bill {
	return &Bill{Money(usd), Money(ratio(usd, w.OK)), Money(ratio(usd*1e6, w.Output))}
}

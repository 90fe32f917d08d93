package spend

import (
	"encoding/json"
	"testing"

	"perfpipe/internal/dist"
	"perfpipe/internal/energy"
	"perfpipe/internal/servermetrics"
)

func TestCost(t *testing.T) {
	work := Work{Seconds: 1800, OK: 100, Input: 1_000_000, Cached: 400_000, Output: 500_000}
	for prices, want := range map[string]string{
		"in=0.15,out=0.60,cached=0.075": `{"by_tokens":{"usd":0.42,"usd_per_request":0.0042,"usd_per_million_output_tokens":0.84}}`,
		"in=0.15, out=0.60":             `{"by_tokens":{"usd":0.45,"usd_per_request":0.0045,"usd_per_million_output_tokens":0.9}}`,
		"out=0.00001":                   `{"by_tokens":{"usd":0.000005,"usd_per_request":0.00000005,"usd_per_million_output_tokens":0.00001}}`,
	} {
		tokens, err := parseTokens(prices)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(CostOf(Prices{Tokens: tokens}, work, work)); err != nil || string(got) != want {
			t.Errorf("%s: %s, want %s", prices, got, want)
		}
	}
	hour, err := json.Marshal(CostOf(Prices{Hour: 12.5}, work, work))
	if want := `{"by_hour":{"usd":6.25,"usd_per_request":0.0625,"usd_per_million_output_tokens":12.5}}`; err != nil ||
		string(hour) != want {
		t.Errorf("%s, want %s", hour, want)
	}
	none, err := json.Marshal(CostOf(Prices{Hour: 1}, Work{Seconds: 3600}, Work{Seconds: 3600}))
	if want := `{"by_hour":{"usd":1,"usd_per_request":null,"usd_per_million_output_tokens":null}}`; err != nil ||
		string(none) != want {
		t.Errorf("%s, want %s", none, want)
	}
	if c := CostOf(Prices{}, work, work); c != nil {
		t.Errorf("%+v without a price", c)
	}
}

func TestParseTokensRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"in=1,":        `"" is not in=…, out=… or cached=…`,
		"in":           `"in" is not in=…, out=… or cached=…`,
		"input=1":      `"input=1" is not in=…, out=… or cached=…`,
		"in=":          `in has no price`,
		"in=1,in=2":    `in is given twice`,
		"in=-1":        `in: "-1" is not a price, from 0`,
		"out=cheap":    `out: "cheap" is not a price, from 0`,
		"out=NaN":      `out: "NaN" is not a price, from 0`,
		"out=Inf,in=1": `out: "Inf" is not a price, from 0`,
	} {
		if p, err := parseTokens(text); err == nil || err.Error() != want {
			t.Errorf("%q: %+v, %v, want %s", text, p, err, want)
		}
	}
	if p, err := parseTokens(""); p != nil || err != nil {
		t.Errorf("%+v, %v without prices", p, err)
	}
}

func TestEnergyOf(t *testing.T) {
	work := Work{OK: 10, Input: 500, Output: 1000}
	use := func(j float64, method string, coverage float64) energy.Use {
		return energy.Use{Joules: j, Method: method, Coverage: coverage}
	}
	gpu := func(j float64, method string, coverage float64) servermetrics.GPUWindow {
		return servermetrics.GPUWindow{Energy: new(use(j, method, coverage))}
	}
	cpu := servermetrics.MeterWindow{Name: "package-0", Of: "cpu", Energy: use(500, energy.Counter, 1)}
	all := servermetrics.MeterWindow{Name: "server", Of: "gpus", Energy: use(4000, energy.Counter, 1)}
	for name, c := range map[string]struct {
		window servermetrics.Window
		want   string
	}{
		"two GPUs": {
			servermetrics.Window{GPUs: []servermetrics.GPUWindow{
				gpu(2000, energy.Counter, 1), gpu(1000, energy.Power, 0.8), {},
			}},
			`{"joules":3000,"of":"gpus","devices":2,"method":"mixed","coverage":0.8,"power_w":300,"cpu_joules":null,` +
				`"joules_per_request":300,"joules_per_output_token":3,"joules_per_token":2,"output_tokens_per_s_per_w":0.333333}`,
		},
		"a server's GPUs beside its CPUs": {
			servermetrics.Window{Meters: []servermetrics.MeterWindow{cpu, all}},
			`{"joules":4000,"of":"gpus","devices":1,"method":"counter","coverage":1,"power_w":400,"cpu_joules":500,` +
				`"joules_per_request":400,"joules_per_output_token":4,"joules_per_token":2.666667,"output_tokens_per_s_per_w":0.25}`,
		},
		"CPUs": {
			servermetrics.Window{Meters: []servermetrics.MeterWindow{cpu}},
			`{"joules":500,"of":"cpus","devices":1,"method":"counter","coverage":1,"power_w":50,"cpu_joules":null,` +
				`"joules_per_request":50,"joules_per_output_token":0.5,"joules_per_token":0.333333,"output_tokens_per_s_per_w":2}`,
		},
		"none": {servermetrics.Window{GPUs: []servermetrics.GPUWindow{{}}}, "null"},
	} {
		if got, err := json.Marshal(EnergyOf(&c.window, 10, work)); err != nil || string(got) != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	one := servermetrics.Window{GPUs: []servermetrics.GPUWindow{gpu(1, "", 1)}}
	if e := EnergyOf(&one, 1, Work{}); e.PerRequest.Known() || e.TokensPerWatt.Known() {
		t.Errorf("%+v of no work", e)
	}
}

// What is unknown is NaN.
func TestUnknown(t *testing.T) {
	var none *Cost
	var dark *Energy
	for name, got := range map[string]dist.Num{
		"no cost by tokens": none.MillionByTokens(), "no cost by the hour": none.MillionByHour(),
		"no bill": (&Cost{}).MillionByTokens(), "no energy": dark.OutputToken(),
	} {
		if got.Known() {
			t.Errorf("%s: %v, want NaN", name, got)
		}
	}
	c := Cost{Tokens: &Bill{PerMillionOutput: 2}, Hour: &Bill{PerMillionOutput: 3}}
	if c.MillionByTokens() != 2 || c.MillionByHour() != 3 || (&Energy{PerOutputToken: 4}).OutputToken() != 4 {
		t.Error("a known figure differs")
	}
}

package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"perfpipe/internal/fault"
)

// Config describes the simulated engine. A zero Slots, Tokens or Model is its default.
type Config struct {
	TTFT           time.Duration // from getting a slot to the first token, for an empty prompt
	PerPromptToken time.Duration // prefill: added to TTFT for each prompt token
	ITL            time.Duration // between tokens
	Jitter         float64       // uniform ± fraction of TTFT and of each ITL
	Slots          int           // requests decoded at once; others wait in a queue
	Cache          int           // tokens of the prefix cache; 0: there is none
	ErrorRate      float64       // share of requests answered with status 500
	Seed           uint64        // jitter and errors are a function of (Seed, seq)
	Tokens         int           // of an answer whose request has no limit
	Model          string
	Times          string // the server as which it reports what it spent on a request; empty: it does not

	// Count counts the tokens of a prompt's text; nil: the words (strings.Fields). Prompts of token ids need no
	// counting.
	Count func(string) int
}

// Default returns the configuration of a small, fairly fast engine.
func Default() Config {
	return Config{
		TTFT: 50 * time.Millisecond, PerPromptToken: 20 * time.Microsecond, ITL: 10 * time.Millisecond,
		Jitter: 0.1, Slots: 64, Tokens: 16, Model: "sim",
	}
}

const keys = "ttft, per-token, itl, jitter, slots, error-rate, seed, tokens, model, times, cache"

// ParseConfig changes Default by key=value pairs separated by commas, such as ttft=50ms,slots=8. An error is a
// *fault.Error about sim.
func ParseConfig(spec string) (Config, error) {
	c := Default()
	if strings.TrimSpace(spec) == "" {
		return c, nil
	}
	for pair := range strings.SplitSeq(spec, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok {
			return Config{}, fault.Invalid("sim", "sim", "%q is not key=value (keys: %s)", pair, keys)
		}
		if err := c.set(key, value); err != nil {
			return Config{}, fault.Invalid("sim", "sim", "%w", err)
		}
	}
	return c, nil
}

func (c *Config) set(key, value string) error {
	var err error
	switch key {
	case "ttft":
		c.TTFT, err = duration(value)
	case "per-token":
		c.PerPromptToken, err = duration(value)
	case "itl":
		c.ITL, err = duration(value)
	case "jitter":
		c.Jitter, err = share(value)
	case "error-rate":
		c.ErrorRate, err = share(value)
	case "slots":
		c.Slots, err = positive(value)
	case "cache":
		c.Cache, err = positive(value)
	case "tokens":
		c.Tokens, err = positive(value)
	case "seed":
		if c.Seed, err = strconv.ParseUint(value, 10, 64); err != nil {
			err = fmt.Errorf("want a whole number from 0 up")
		}
	case "model":
		if c.Model = value; value == "" {
			err = fmt.Errorf("want a name")
		}
	case "times":
		c.Times = value
		_, err = dialectNamed(value)
	default:
		return fmt.Errorf("unknown key %q (keys: %s)", key, keys)
	}
	if err != nil {
		return fmt.Errorf("%s=%s: %w (keys: %s)", key, value, err, keys)
	}
	return nil
}

func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("want a duration such as 50ms")
	}
	return d, nil
}

func share(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f <= 1) { // written so that NaN fails
		return 0, fmt.Errorf("want a share between 0 and 1")
	}
	return f, nil
}

func positive(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("want a whole number from 1 up")
	}
	return n, nil
}

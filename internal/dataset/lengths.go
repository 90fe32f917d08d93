package dataset

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"

	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/fault"
)

// lengths draws the number of input and output tokens of a request. out is -1 if the lines have none.
type lengths func(r *synth.Rand) (in, out int)

// lengths returns the distribution of the lengths of random prompts, excluding the prefix.
func (o *Options) lengths() (lengths, error) {
	around, err := o.templateTokens()
	if err != nil {
		return nil, err
	}
	if o.Lengths != "" {
		if o.MinPrompt != nil || o.MaxPrompt != nil || o.Distribution != "" {
			return nil, fault.Invalid("lengths", "lengths-alone", "a mixture has lengths of its own")
		}
		return parseMixture(o.Lengths, around)
	}
	lo, hi, err := o.bounds()
	if err != nil {
		return nil, err
	}
	if hi -= around; hi < 1 && around > 0 {
		return nil, fault.Invalid(maxLength, "", "%d leaves no text: the chat template alone takes %d tokens",
			hi+around, around)
	}
	if around > 0 {
		lo = max(1, lo-around)
	}
	in, err := o.distribution(lo, hi)
	return func(r *synth.Rand) (int, int) { return in(r), -1 }, err
}

// Settings of the lengths of prompts.
const (
	minLength = "min-prompt-length"
	maxLength = "max-prompt-length"
)

// limits returns the settings that limit the length of prompts, or "".
func (o *Options) limits() string {
	switch {
	case o.MinPrompt != nil && o.MaxPrompt != nil:
		return minLength + " and " + maxLength
	case o.MinPrompt != nil:
		return minLength
	case o.MaxPrompt != nil:
		return maxLength
	}
	return ""
}

// templateTokens returns the number of tokens that the chat template adds to a prompt.
func (o *Options) templateTokens() (int, error) {
	if o.Counted == nil {
		return 0, nil
	}
	r, err := o.Counted()
	if err != nil {
		return 0, err
	}
	tok, err := o.Tokenizer()
	if err != nil {
		return 0, err
	}
	words, err := o.words()
	if err != nil {
		return 0, err
	}
	word, err := (&texts{words: words}).plain(synth.NewRand(0), 1)
	if err != nil {
		return 0, err
	}
	return r.Around(tok, word)
}

// bounds returns the minimum and maximum number of tokens of a random prompt.
func (o *Options) bounds() (lo, hi int, err error) {
	lo, hi = randomTokensIn, randomTokensIn
	switch {
	case o.MinPrompt != nil && o.MaxPrompt != nil:
		lo, hi = *o.MinPrompt, *o.MaxPrompt
	case o.MaxPrompt != nil:
		lo, hi = 0, *o.MaxPrompt
	case o.MinPrompt != nil:
		lo, hi = *o.MinPrompt, max(*o.MinPrompt, randomTokensIn)
	}
	if lo == 0 && o.PrefixLength == 0 {
		lo = 1 // an empty prompt is not a request
	}
	switch {
	case lo < 0:
		return 0, 0, fault.Invalid(minLength, "", "%d is negative", lo)
	case hi > maxPromptTokens:
		return 0, 0, fault.Invalid("max-prompt-length", "", "%d tokens are more than %d", hi, maxPromptTokens)
	case hi < lo && o.MinPrompt == nil:
		return 0, 0, fault.Invalid(maxLength, "", "%d leaves nothing to send", hi)
	case hi < lo:
		return 0, 0, fault.Invalid(o.limits(), "", "%d is more than %d", *o.MinPrompt, *o.MaxPrompt)
	}
	return lo, hi, nil
}

// distribution returns the distribution that the user chose. It reports a normal one whose mean the limits change.
func (o *Options) distribution(lo, hi int) (func(*synth.Rand) int, error) {
	in, err := parseDistribution(o.Distribution, lo, hi)
	var mean, sd float64
	if n, _ := fmt.Sscanf(o.Distribution, "normal:%g/%g", &mean, &sd); n == 2 && err == nil {
		if within := normalMean(mean, sd, lo, hi); math.Abs(within-mean) > 0.02*mean {
			o.Tell("distribution "+o.Distribution, "", "between %d and %d tokens, the mean is %.4g", lo, hi, within)
		}
	}
	return in, err
}

// normalMean returns the mean of a normal distribution, rounded to the integers of [lo, hi].
func normalMean(mean, sd float64, lo, hi int) float64 {
	below := func(x float64) float64 { return math.Erfc((mean-x)/(sd*math.Sqrt2)) / 2 }
	sum, all := 0.0, 0.0
	for n := lo; n <= hi; n++ {
		share := below(float64(n)+0.5) - below(float64(n)-0.5)
		sum, all = sum+share*float64(n), all+share
	}
	if all < 1e-3 { // it is drawn as uniform
		return float64(lo+hi) / 2
	}
	return sum / all
}

// parseDistribution parses uniform, fixed, normal[:MEAN/SD] or zipf[:S], over the integers of [lo, hi].
func parseDistribution(text string, lo, hi int) (func(*synth.Rand) int, error) {
	setting := "distribution " + text
	name, args, _ := strings.Cut(text, ":")
	switch name {
	case "", "uniform":
		return func(r *synth.Rand) int { return r.Between(lo, hi) }, nil
	case "fixed":
		return func(*synth.Rand) int { return hi }, nil
	case "normal":
		mean, sd := float64(lo+hi)/2, float64(hi-lo)/6
		if args != "" {
			if n, err := fmt.Sscanf(args, "%g/%g", &mean, &sd); n != 2 || err != nil || sd < 0 || mean < float64(lo) ||
				mean > float64(hi) {
				return nil, fault.Invalid(setting, "", "want normal:MEAN/SD with the mean between %d and %d", lo, hi)
			}
		}
		return func(r *synth.Rand) int { return truncatedNormal(r, mean, sd, lo, hi) }, nil
	case "zipf":
		s := 1.0
		if args != "" {
			var err error
			if s, err = strconv.ParseFloat(args, 64); err != nil || s < 0 {
				return nil, fault.Invalid(setting, "", "want zipf:S with a number S ≥ 0")
			}
		}
		return zipf(s, lo, hi), nil
	}
	return nil, fault.Invalid(setting, "", "want uniform, fixed, normal[:MEAN/SD] or zipf[:S]")
}

// truncatedNormal draws again if a value is outside the bounds. A curve so flat that nearly all values are is uniform
// within them.
func truncatedNormal(r *synth.Rand, mean, sd float64, lo, hi int) int {
	for range 1000 {
		if x := int(math.Round(mean + sd*r.Normal())); x >= lo && x <= hi {
			return x
		}
	}
	return r.Between(lo, hi)
}

// zipf makes the k-th shortest length k^-s times as likely as the shortest.
func zipf(s float64, lo, hi int) func(*synth.Rand) int {
	sums := make([]float64, hi-lo+1)
	sum := 0.0
	for k := range sums {
		sum += math.Pow(float64(k+1), -s)
		sums[k] = sum
	}
	return func(r *synth.Rand) int {
		at := r.Float() * sum
		return lo + min(sort.Search(len(sums), func(k int) bool { return sums[k] > at }), len(sums)-1)
	}
}

// part is one component of a mixture of lengths.
type part struct {
	share        float64
	inLo, inHi   int
	outLo, outHi int
}

// parseMixture parses 70%:128/64,30%:1000-4096/512: components with their share, input tokens and output tokens. Each
// length is a number or a range from which it is drawn uniformly. around is the number of input tokens that belong to
// the chat template.
func parseMixture(text string, around int) (lengths, error) {
	var parts []part
	sum := 0.0
	for word := range strings.SplitSeq(text, ",") {
		p, err := parsePart(strings.TrimSpace(word))
		if err != nil {
			return nil, fault.Invalid("lengths "+strconv.Quote(word), "", "%w", err)
		}
		parts = append(parts, p)
		sum += p.share
	}
	if math.Abs(sum-100) > 1e-6 {
		return nil, fault.Invalid("lengths "+text, "", "the shares make %g%%, not 100%%", sum)
	}
	return func(r *synth.Rand) (in, out int) {
		at, k := r.Float()*sum, 0
		for ; k < len(parts)-1 && at >= parts[k].share; k++ {
			at -= parts[k].share
		}
		p := parts[k]
		return max(1, r.Between(p.inLo, p.inHi)-around), r.Between(p.outLo, p.outHi)
	}, nil
}

func parsePart(word string) (p part, err error) {
	share, rest, found := strings.Cut(word, ":")
	p.share = 100
	if !found {
		rest = word
	} else if p.share, err = strconv.ParseFloat(strings.TrimSuffix(share, "%"), 64); err != nil || p.share <= 0 {
		return p, fmt.Errorf("%q is not a share", share)
	}
	in, out, found := strings.Cut(rest, "/")
	if !found {
		return p, fmt.Errorf("want SHARE%%:IN/OUT")
	}
	if p.inLo, p.inHi, err = parseRange(in); err == nil && p.inHi > maxPromptTokens {
		err = fmt.Errorf("%d tokens are more than %d", p.inHi, maxPromptTokens)
	}
	if err == nil {
		p.outLo, p.outHi, err = parseRange(out)
	}
	return p, err
}

// parseRange parses N or LO-HI.
func parseRange(text string) (lo, hi int, err error) {
	a, b, found := strings.Cut(text, "-")
	if !found {
		b = a
	}
	lo, err = strconv.Atoi(a)
	if err == nil {
		hi, err = strconv.Atoi(b)
	}
	if err != nil || lo < 1 || hi < lo || hi > math.MaxInt32 {
		return 0, 0, fmt.Errorf("%q is not a number of tokens, nor a range of them", text)
	}
	return lo, hi, nil
}

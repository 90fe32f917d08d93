package dataset

import (
	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/fault"
)

// randomTurns generates conversations of random length, each turn a random text.
func randomTurns(o *Options) (func() draw, error) {
	if err := o.textOnly("random_multi_turn"); err != nil {
		return nil, err
	}
	lo, hi := max(1, o.MinTurns), o.MaxTurns
	switch {
	case hi == 0:
		return nil, fault.Invalid("dataset random_multi_turn", "max-turns", "no limit of turns is given")
	case hi < lo:
		return nil, fault.Invalid("min-turns and max-turns", "", "%d is more than %d", lo, hi)
	}
	if hi > maxParts {
		return nil, fault.Invalid("max-turns", "", "%d is more than %d", hi, maxParts)
	}
	t, err := newTexts(o)
	if err != nil {
		return nil, err
	}
	return func() draw {
		return func(i int64, it *Item) (err error) {
			r := synth.NewRand(o.Seed, drawTurns, uint64(i))
			it.Turns = make([]Turn, r.Between(lo, hi))
			total := 0.0
			for k := range it.Turns {
				turn := &it.Turns[k]
				n, out := t.lengths(r)
				if total += float64(n + o.PrefixLength); checkSize(total) != nil {
					return checkSize(total)
				}
				if turn.Text, err = t.append(nil, r, i, n); err != nil {
					return err
				}
				turn.Own = ownMaxTokens(out)
				if k > 0 {
					turn.DelayMs = o.delay(r)
				}
			}
			return nil
		}
	}, nil
}

// delay draws the time between two turns, in ms.
func (o *Options) delay(r *synth.Rand) float64 {
	switch len(o.TurnDelayMs) {
	case 0:
		return 0
	case 1:
		return o.TurnDelayMs[0]
	}
	lo, hi := o.TurnDelayMs[0], o.TurnDelayMs[1]
	return roundMs(lo + r.Float()*(hi-lo))
}

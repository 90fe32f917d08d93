package client

import "perfpipe/internal/api"

// choices distinguishes the choices of an answer that has several.
type choices struct {
	begun, finished uint64      // a bit for each choice below 64, with output and with a finish reason
	overlap         bool        // one had output before another had finished
	last            int         // the choice of the last usage, from 1; 0: there was none, or it was of all
	tokens          int         // in that usage
	others          map[int]int // the last completion tokens of each choice; nil: no more than one has usage
	apart           bool        // the counts are each choice's own, as they did not grow from one choice to another
}

// add adds an event.
func (c *choices) add(e *api.Event) {
	c.overlap = c.overlap || e.Several
	if e.Choice == 0 || e.Choice > 64 {
		return
	}
	bit := uint64(1) << (e.Choice - 1)
	if e.Output() {
		c.begun |= bit
		c.overlap = c.overlap || c.begun&^c.finished&^bit != 0
	}
	if e.Finish != "" {
		c.finished |= bit
	}
}

// several reports whether more than one answer has begun.
func (c *choices) several() bool { return c.begun&(c.begun-1) != 0 }

// unfinished reports whether an answer has begun that has no finish reason.
func (c *choices) unfinished() bool { return c.begun&^c.finished != 0 }

// count adds the completion tokens that came with an event. Servers such as vLLM and SGLang send those of its choice,
// and others those of all choices so far.
func (c *choices) count(e *api.Event) {
	if e.Choice == 0 {
		*c = choices{begun: c.begun, finished: c.finished, overlap: c.overlap}
		return
	}
	if n := e.Usage.Completion; n > 0 {
		if c.last > 0 && c.last != e.Choice {
			if c.others == nil {
				c.others = map[int]int{c.last: c.tokens}
			}
			c.apart = c.apart || n < c.tokens || n == c.tokens && e.Output()
		}
		if c.others != nil {
			c.others[e.Choice] = n
		}
		c.last, c.tokens = e.Choice, n
	}
}

// total returns the completion tokens of all choices if only counts of single ones were received. It is 0 if these may
// be counts of all choices so far.
func (c *choices) total() (n int, single bool) {
	if c.apart {
		for _, tokens := range c.others {
			n += tokens
		}
	}
	return n, c.others != nil
}

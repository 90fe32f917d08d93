package api

import "strings"

// growth extracts what is new from texts that grow from event to event, unless the server turns out to send only that.
type growth struct {
	deltas bool // a text did not begin with the one before, so the server sends what is new
}

// grown is one text of a stream.
type grown struct {
	text   string // so far
	tokens int    // so far
	grew   bool   // a text began with the one before, so the server sends all of it
	events int
}

// news returns what a text adds to those before it. A text that equals the one before is the same token again if the
// token count has grown. If texts are known to grow, it is instead a token that waits for the rest of its character.
func (g *growth) news(c *grown, text string, tokens int, last bool) string {
	before, more := c.text, tokens > c.tokens
	c.tokens = max(c.tokens, tokens)
	c.events++
	switch rest, ok := strings.CutPrefix(text, before); {
	case g.deltas || before == "":
		if !g.deltas {
			c.text = text
		}
		return text
	case !ok:
		g.deltas = true
		return text
	case rest != "":
		c.grew, c.text = true, text
		return rest
	case more && !c.grew && text != "" && (!last || c.events > 2): // only the last event adds a token without text
		return text
	}
	return ""
}

package describe

// shape is what the graph of a session looks like.
type shape struct {
	depth, width int     // requests on the longest chain, and the largest number at one depth
	pathMs       float64 // longest sum of delays along a chain
	missing      int     // ids that requests wait for and no request has
	circular     int     // requests that wait for themselves, directly or not
}

// shape finds the place of each request, whose lines may stand in any order.
func (in *session) shape() (f shape) {
	children := map[*node][]*node{}
	waits := make(map[*node]int, len(in.nodes))
	var ready []*node
	for _, n := range in.nodes {
		for _, id := range n.after {
			if p := in.byID[id]; p == nil {
				f.missing++
			} else {
				children[p] = append(children[p], n)
				waits[n]++
			}
		}
		if waits[n] == 0 {
			ready = append(ready, n)
		}
		n.depth, n.pathMs = 1, 0
	}
	widths, placed := map[int]int{}, 0
	for ; len(ready) > 0; placed++ {
		n := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		n.pathMs += n.delayMs
		widths[n.depth]++
		f.depth, f.width, f.pathMs = max(f.depth, n.depth), max(f.width, widths[n.depth]), max(f.pathMs, n.pathMs)
		for _, c := range children[n] {
			c.depth, c.pathMs = max(c.depth, n.depth+1), max(c.pathMs, n.pathMs)
			if waits[c]--; waits[c] == 0 {
				ready = append(ready, c)
			}
		}
	}
	f.circular = len(in.nodes) - placed
	return f
}

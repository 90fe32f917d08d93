package load

import "strconv"

// Shard is one of Of engines that share a run. Each reads all requests and follows the whole schedule, and sends the
// requests whose number, counted over the run, has the remainder Index. Its sequence numbers have it, too, so that
// together they are those of one engine (but for conversations, whose later turns are counted as they come).
type Shard struct{ Index, Of int }

// alone says whether there is nothing to share with.
func (s Shard) alone() bool { return s.Of <= 1 }

// has says whether request number n is this shard's.
func (s Shard) has(n int64) bool { return s.alone() || n%int64(s.Of) == int64(s.Index) }

// seq is the sequence number of this shard's request number n.
func (s Shard) seq(n int64) int64 {
	if s.alone() {
		return n
	}
	return n*int64(s.Of) + int64(s.Index)
}

// own is how many of the n requests from number first on are this shard's.
func (s Shard) own(first int64, n int) int {
	if s.alone() || n == 0 {
		return n
	}
	below := func(end int64) int64 { return (end - int64(s.Index) + int64(s.Of) - 1) / int64(s.Of) } // of the numbers before end
	return int(below(first+int64(n)) - below(first))
}

// Part is this shard's share of n slots. Together the shards have all.
func (s Shard) Part(n int) int {
	if s.alone() {
		return n
	}
	part := n / s.Of
	if s.Index < n%s.Of {
		part++
	}
	return part
}

// String is what the records say, such as 0/3; a run of one engine says nothing.
func (s Shard) String() string {
	if s.alone() {
		return ""
	}
	return strconv.Itoa(s.Index) + "/" + strconv.Itoa(s.Of)
}

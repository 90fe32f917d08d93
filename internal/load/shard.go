package load

import "strconv"

// Shard is one of Of engines that share a run. Each reads all requests, follows the whole schedule and sends the
// requests whose number in the run modulo Of is Index. The same holds for its sequence numbers, so that those of all
// shards are those of one engine, except for the later turns of conversations, which are numbered as they start.
type Shard struct{ Index, Of int }

// alone reports whether the engine sends all requests.
func (s Shard) alone() bool { return s.Of <= 1 }

// has reports whether request number n is this shard's.
func (s Shard) has(n int64) bool { return s.alone() || n%int64(s.Of) == int64(s.Index) }

// seq returns the sequence number of the n-th request that this shard starts.
func (s Shard) seq(n int64) int64 {
	if s.alone() {
		return n
	}
	return n*int64(s.Of) + int64(s.Index)
}

// own returns how many of the n requests from number first on are this shard's.
func (s Shard) own(first int64, n int) int {
	if s.alone() || n == 0 {
		return n
	}
	// below counts the shard's numbers less than end.
	below := func(end int64) int64 { return (end - int64(s.Index) + int64(s.Of) - 1) / int64(s.Of) }
	return int(below(first+int64(n)) - below(first))
}

// Part returns this shard's share of n slots. The shares of all shards add up to n.
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

// String returns the shard for the records, such as 0/3, or "" for an engine that is alone.
func (s Shard) String() string {
	if s.alone() {
		return ""
	}
	return strconv.Itoa(s.Index) + "/" + strconv.Itoa(s.Of)
}

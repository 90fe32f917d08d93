package stats

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// missingShards returns notes on shards without records, given the shards that records are from, such as "0/4".
func missingShards(seen set) []string {
	have := map[int][]int{} // indexes by number of shards
	for s := range seen {
		if index, n, ok := shardOf(s); ok && 0 <= index && index < n && n <= maxShards {
			have[n] = append(have[n], index)
		}
	}
	notes := []string{}
	var sizes []int
	for n := range have {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	for _, n := range sizes {
		var missing []string
		for i := range n {
			if !slices.Contains(have[n], i) {
				missing = append(missing, strconv.Itoa(i)+"/"+strconv.Itoa(n))
			}
		}
		if missing != nil {
			notes = append(notes, fmt.Sprintf("records of the shards %s are missing", strings.Join(missing, ", ")))
		}
	}
	if len(sizes) > 1 {
		notes = append(notes, fmt.Sprintf("runs of %v shards are mixed", sizes))
	}
	return notes
}

// shardOf splits the shard of a record, such as "0/4".
func shardOf(s string) (index, of int, ok bool) {
	i, n, _ := strings.Cut(s, "/")
	index, err1 := strconv.Atoi(i)
	of, err2 := strconv.Atoi(n)
	return index, of, err1 == nil && err2 == nil
}

// maxShards limits the number of shards that a record can claim.
const maxShards = 1 << 14

package stats

import (
	"cmp"
	"slices"
	"strings"

	"perfpipe/internal/group"
)

// joined returns the groups, with the parts of one run merged into one group: those of a run and of the runs that
// continue it, and shards. Shards may have different run IDs; they are recognized as different parts of the same whole
// that ran at the same time.
func (c *Collector) joined(groups []*accumulator) []*accumulator {
	if !group.ByRun(c.opt.By) {
		return groups
	}
	slices.SortFunc(groups, func(a, b *accumulator) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.RunID, b.RunID))
	})
	fresh := map[*accumulator]bool{} // created here, so safe to modify
	for _, same := range []func(a, b *accumulator) bool{continued, partsOfOne} {
		groups = c.join(groups, fresh, same)
	}
	return groups
}

// join merges groups of one name that are the same.
func (c *Collector) join(
	groups []*accumulator, fresh map[*accumulator]bool, same func(a, b *accumulator) bool,
) (out []*accumulator) {
	for _, g := range groups {
		i := slices.IndexFunc(out, func(o *accumulator) bool { return o.Name == g.Name && same(o, g) })
		if i < 0 {
			out = append(out, g)
			continue
		}
		if o := out[i]; !fresh[o] {
			out[i] = newAccumulator(o.ID, &c.opt)
			out[i].merge(o)
			fresh[out[i]] = true
		}
		out[i].merge(g)
	}
	return out
}

// continued reports whether two groups are of one run, which one or both of them continue.
func continued(a, b *accumulator) bool {
	for id := range a.facts[factRunID] {
		if b.facts[factRunID][id] {
			return true
		}
	}
	return false
}

// partsOfOne reports whether two groups are shards of one run.
func partsOfOne(a, b *accumulator) bool {
	if a.RunID == b.RunID || a.flights.firstUs > b.flights.lastUs || b.flights.firstUs > a.flights.lastUs {
		return false
	}
	parts, n := shardsOf(a)
	others, m := shardsOf(b)
	return n > 0 && n == m && !slices.ContainsFunc(parts, func(i int) bool { return slices.Contains(others, i) })
}

// shardsOf returns the indexes of the shards that g has records of, and the number of shards of the run. That is 0 if
// the shards are malformed or not of one run.
func shardsOf(g *accumulator) (parts []int, of int) {
	for s := range g.facts[factShard] {
		index, whole, ok := shardOf(s)
		if !ok || of > 0 && whole != of {
			return nil, 0
		}
		parts, of = append(parts, index), whole
	}
	return parts, of
}

// apart returns the value that distinguishes groups[i] from others of the same name: its file or else its run ID.
func apart(groups []*accumulator, i int) []group.Value {
	g := groups[i]
	same, sameFile := false, false
	file := strings.Join(g.facts[factFile].sorted(), ", ")
	for j, o := range groups {
		if j != i && o.Name == g.Name {
			same = true
			sameFile = sameFile || strings.Join(o.facts[factFile].sorted(), ", ") == file
		}
	}
	switch {
	case !same:
		return nil
	case sameFile || file == "":
		return []group.Value{{Key: "run_id", Value: g.RunID}}
	}
	return []group.Value{{Key: "file", Value: file}}
}

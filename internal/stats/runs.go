package stats

import (
	"slices"
	"strconv"
	"strings"
)

// joined returns the groups, the shards of one run that have run ids of their own as one: they are different parts of
// the same whole, and ran at the same time.
func (c *Collector) joined(groups []*group) []*group {
	if !c.apart {
		return groups
	}
	slices.SortFunc(groups, func(a, b *group) int { return strings.Compare(a.name+"\x00"+a.runID, b.name+"\x00"+b.runID) })
	var out []*group
	fresh := map[*group]bool{} // made here
	for _, g := range groups {
		i := slices.IndexFunc(out, func(o *group) bool { return o.name == g.name && partsOfOne(o, g) })
		if i < 0 {
			out = append(out, g)
			continue
		}
		if o := out[i]; !fresh[o] {
			out[i] = newGroup(o.groupKey, &c.opt)
			out[i].merge(o)
			fresh[out[i]] = true
		}
		out[i].merge(g)
	}
	return out
}

// partsOfOne reports whether two groups are shards of one run.
func partsOfOne(a, b *group) bool {
	if a.runID == b.runID || a.flights.firstUs > b.flights.lastUs || b.flights.firstUs > a.flights.lastUs {
		return false
	}
	parts, n := shardsOf(a)
	others, m := shardsOf(b)
	return n > 0 && n == m && !slices.ContainsFunc(parts, func(i int) bool { return slices.Contains(others, i) })
}

// shardsOf returns which shards of how many a group has records of; 0 if that is not one run's.
func shardsOf(g *group) (parts []int, of int) {
	for s := range g.facts[factShard] {
		i, n, _ := strings.Cut(s, "/")
		index, err1 := strconv.Atoi(i)
		whole, err2 := strconv.Atoi(n)
		if err1 != nil || err2 != nil || of > 0 && whole != of {
			return nil, 0
		}
		parts, of = append(parts, index), whole
	}
	return parts, of
}

// apart returns what tells a group from others of the same name: its file, else its run id.
func apart(groups []*group, i int) []Value {
	g := groups[i]
	same, sameFile := false, false
	file := strings.Join(g.facts[factFile].sorted(), ", ")
	for j, o := range groups {
		if j != i && o.name == g.name {
			same = true
			sameFile = sameFile || strings.Join(o.facts[factFile].sorted(), ", ") == file
		}
	}
	switch {
	case !same:
		return nil
	case sameFile || file == "":
		return []Value{{"run_id", g.runID}}
	}
	return []Value{{"file", file}}
}

package stats

import "perfpipe/internal/servermetrics"

// AddServer sets the Server of each block from the samples taken during the block, and reports whether there are any.
// The samples must be sorted by time.
func (s *Summary) AddServer(samples []servermetrics.Sample) (found bool) {
	for i := range s.Blocks {
		b := &s.Blocks[i]
		b.Server = servermetrics.Summarize(samples, b.FirstScheduledUs, b.LastEndUs)
		found = found || b.Server != nil
	}
	return found
}

package stats

import "perfpipe/internal/servermetrics"

// AddServer adds to each block the server's metrics during it, and reports whether any block has some. The samples must
// be in order of time.
func (s *Summary) AddServer(samples []servermetrics.Sample) (found bool) {
	for i := range s.Blocks {
		b := &s.Blocks[i]
		b.Server = servermetrics.Summarize(samples, b.FirstScheduledUs, b.LastEndUs)
		found = found || b.Server != nil
	}
	return found
}

// Package saturation decides whether a server keeps up with a load. Backlog judges an open loop while it runs, by the
// requests in flight; Course judges it after its end, by what was due and what was answered; Knee picks, from load
// points at several rates, the one with the most throughput for its response time.
package saturation

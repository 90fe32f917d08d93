// Package saturation decides whether a server keeps up with an open loop, whose requests arrive at a given rate whether
// or not earlier ones were answered.
//
// Backlog judges a load point while it runs, by the number of requests in flight. Course judges it after its end, by
// the requests that were due and those that were answered. Knee selects, from load points at several rates, the one
// with the best ratio of throughput to response time.
package saturation

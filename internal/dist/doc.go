// Package dist holds distributions of measured values and their statistics.
//
// A Dist counts non-negative integers, such as times in µs. It is exact up to a limit; beyond it, it becomes a sketch
// with a bounded relative error. It computes mean, deviation and percentiles as a Stat, merges with other
// distributions, and is saved as a State.
//
// Levels is a coarser and much smaller counter, for series of many intervals of time. Histogram computes the bars and
// the cumulative curve of a chart. Num and Interval hold figures that may not exist, and encode those as JSON null.
package dist

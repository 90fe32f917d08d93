// Package dist holds distributions of measured values and their statistics.
//
// A Dist counts non-negative integers, such as times in µs: exactly up to a limit, then in a sketch of bounded error. It
// returns its mean, deviation and percentiles as a Stat, merges with others, and can be saved as a State. Levels is a
// coarser and far smaller counter for many intervals of time, and a Histogram the bars and the curve of a chart. Num and
// Interval are figures that may not exist.
package dist

"""The commands perf-gen, perf-send, perf-stats, perf-plot and evalscope-perf, which are native programs."""

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// visualizer returns the trackers. The key of one selects it if none is named, as in evalscope.
func visualizer(v values) []string {
	switch {
	case v.has("visualizer"):
		return v["visualizer"]
	case v.has("wandb-api-key"):
		return []string{"wandb"}
	case v.has("swanlab-api-key"):
		return []string{"swanlab"}
	}
	return nil
}

// track adds the flags of the trackers, whose local runs are in the folder of the results, as evalscope's are.
func (j *job) track(dir string, v values) {
	trackers := visualizer(v)
	if len(trackers) == 0 {
		return
	}
	if v.has("python") {
		j.stats.add("python", v["python"]...)
	}
	j.stats.add("visualizer", trackers...)
	j.stats.add("outputs-dir", dir)
	if v.has("name") {
		j.stats.add("name", v.one("name", ""))
	}
	j.stats.add("run-config", runConfig(v)...)
	j.env = append(j.env, "SWANLAB_LOG_DIR="+dir, "WANDB_DIR="+dir)
}

// runConfig returns the arguments that a tracker logs: those that were typed, and the defaults of the arguments that
// distinguish runs.
func runConfig(v values) (config []string) {
	defaults := []string{"model", "api", "dataset", "number", "parallel", "rate", "max-tokens", "temperature", "stream"}
	for _, f := range allFlags() {
		list, typed := v[f.name]
		hidden := f.extra || f.kind == pairs || strings.HasSuffix(f.name, "api-key") ||
			slices.Contains([]string{"visualizer", "outputs-dir", "no-timestamp"}, f.name)
		if hidden || !typed && (!slices.Contains(defaults, f.name) || f.def == nil) {
			continue
		}
		value := strings.Join(list, " ")
		switch {
		case !typed:
			value = fmt.Sprint(f.def)
		case f.kind == on || f.kind == onOff:
			value = strconv.FormatBool(len(list) == 0)
		}
		config = append(config, strings.ReplaceAll(f.name, "-", "_")+"="+value)
	}
	return config
}

package main

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

// track adds the trackers, whose local runs lie in the folder of the results, as evalscope's do.
func (j *job) track(dir string, v values) {
	trackers := visualizer(v)
	if len(trackers) == 0 {
		return
	}
	j.stats.add("visualizer", trackers...)
	j.stats.add("outputs-dir", dir)
	if v.has("name") {
		j.stats.add("name", v.one("name", ""))
	}
	j.env = append(j.env, "SWANLAB_LOG_DIR="+dir, "WANDB_DIR="+dir)
}

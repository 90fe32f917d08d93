package servermetrics

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"github.com/goccy/go-json"
)

const amdSMI = "amd-smi"

// amdInterval is the shortest time between runs of amd-smi, a Python program that takes much of a CPU. It has counters
// of energy, so that few samples are enough.
const amdInterval = 5 * time.Second

// watchAMD runs amd-smi again and again, since it cannot repeat itself in JSON. If it is not installed there are no
// samples.
func (r *run) watchAMD(ctx context.Context) {
	path, err := exec.LookPath(amdSMI)
	if err != nil {
		return
	}
	repeat(ctx, max(r.Interval, amdInterval), func() bool {
		ask, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ask, path, "metric", "--json")
		cmd.WaitDelay = time.Second
		out, err := cmd.Output()
		s := Sample{AtUs: r.now(), Source: amdSMI}
		if err == nil {
			s.GPUs, err = parseAMD(out)
		}
		if err != nil {
			s.Error = err.Error()
		}
		r.write(s)
		return err == nil
	})
}

// parseAMD parses what "amd-smi metric --json" prints: a list of devices, or in newer releases an object with one.
func parseAMD(out []byte) ([]GPU, error) {
	var list []map[string]any
	if json.Unmarshal(out, &list) != nil {
		var data struct {
			List []map[string]any `json:"gpu_data"`
		}
		if err := json.Unmarshal(out, &data); err != nil {
			return nil, fmt.Errorf("its output is not understood: %w", err)
		}
		list = data.List
	}
	var gpus []GPU
	for i, d := range list {
		g := GPU{
			Index: i, Utilization: amdNumber(d, "usage", "gfx_activity"), PowerW: amdNumber(d, "power", "socket_power"),
			MemoryUsedMiB: amdNumber(d, "mem_usage", "used_vram"), MemoryTotalMiB: amdNumber(d, "mem_usage", "total_vram"),
			EnergyJ: amdNumber(d, "energy", "total_energy_consumption"),
		}
		if index := amdNumber(d, "gpu"); index != nil {
			g.Index = int(*index)
		}
		if g.Utilization != nil {
			*g.Utilization /= 100
		}
		gpus = append(gpus, g)
	}
	return gpus, nil
}

// amdNumber returns the number below keys, which may be an object with its unit. It returns nil if there is none: an
// unknown number or section is the text N/A.
func amdNumber(v any, keys ...string) *float64 {
	for _, key := range append(keys, "value") {
		if n, ok := v.(float64); ok && key == "value" {
			return &n
		}
		section, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = section[key]
	}
	if n, ok := v.(float64); ok {
		return &n
	}
	return nil
}

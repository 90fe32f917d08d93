package servermetrics

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"github.com/goccy/go-json"
)

const amdSMI = "amd-smi"

// watchAMD runs amd-smi again and again, since it can not repeat itself in JSON. If it is not installed there are no
// samples.
func (r *run) watchAMD(ctx context.Context) {
	path, err := exec.LookPath(amdSMI)
	if err != nil {
		return
	}
	tick := time.NewTicker(r.Interval)
	defer tick.Stop()
	for {
		ask, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		cmd := exec.CommandContext(ask, path, "metric", "--json")
		cmd.WaitDelay = time.Second
		out, err := cmd.Output()
		cancel()
		s := Sample{AtUs: r.now(), Source: amdSMI}
		if err == nil {
			s.GPUs, err = parseAMD(out)
		}
		if err != nil {
			s.Error = err.Error()
		}
		r.write(s)
		if ctx.Err() != nil || err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// amdDevice is one device in the JSON of amd-smi.
type amdDevice struct {
	GPU   int `json:"gpu"`
	Usage struct {
		Activity amdValue `json:"gfx_activity"`
	} `json:"usage"`
	Power struct {
		Socket amdValue `json:"socket_power"`
	} `json:"power"`
	Memory struct {
		Used  amdValue `json:"used_vram"`
		Total amdValue `json:"total_vram"`
	} `json:"mem_usage"`
	Energy struct {
		Total amdValue `json:"total_energy_consumption"`
	} `json:"energy"`
}

// amdValue is a number with its unit, a bare number, or the text N/A.
type amdValue struct{ v *float64 }

// UnmarshalJSON implements json.Unmarshaler.
func (a *amdValue) UnmarshalJSON(b []byte) error {
	var with struct {
		Value any `json:"value"`
	}
	var v any
	if err := json.Unmarshal(b, &with); err == nil {
		v = with.Value
	} else if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if n, ok := v.(float64); ok {
		a.v = &n
	}
	return nil
}

// parseAMD parses what "amd-smi metric --json" prints: a list of devices, or in newer releases an object with one.
func parseAMD(out []byte) ([]GPU, error) {
	var list []amdDevice
	if json.Unmarshal(out, &list) != nil {
		var data struct {
			List []amdDevice `json:"gpu_data"`
		}
		if err := json.Unmarshal(out, &data); err != nil {
			return nil, fmt.Errorf("its output is not understood: %w", err)
		}
		list = data.List
	}
	var gpus []GPU
	for _, d := range list {
		g := GPU{
			Index: d.GPU, Utilization: d.Usage.Activity.v, PowerW: d.Power.Socket.v, EnergyJ: d.Energy.Total.v,
			MemoryUsedMiB: d.Memory.Used.v, MemoryTotalMiB: d.Memory.Total.v,
		}
		if g.Utilization != nil {
			*g.Utilization /= 100
		}
		gpus = append(gpus, g)
	}
	return gpus, nil
}

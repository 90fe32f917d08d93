package servermetrics

import (
	"cmp"
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"

	"github.com/goccy/go-json"

	"perfpipe/internal/prompage"
)

// exporter describes how a page names the devices and their values.
type exporter struct {
	index, uuid, model string // labels; without an index, devices are numbered in the order of their UUIDs
	values             []deviceValue
}

// deviceValue is one metric of each device. If several set the same value, the first one counts.
type deviceValue struct {
	name  string
	scale float64
	field gpuField
}

// gpuField returns a pointer to one of the values of a GPU.
type gpuField func(*GPU) **float64

func utilization(g *GPU) **float64 { return &g.Utilization }
func memoryUsed(g *GPU) **float64  { return &g.MemoryUsedMiB }
func memoryTotal(g *GPU) **float64 { return &g.MemoryTotalMiB }
func power(g *GPU) **float64       { return &g.PowerW }
func counted(g *GPU) **float64     { return &g.EnergyJ }

const (
	milli = 1e-3
	micro = 1e-6
	mib   = 1.0 / (1 << 20)
)

// exporters are NVIDIA's DCGM exporter, AMD's device metrics exporter, and Triton. Their counters of energy are in mJ,
// µJ and J.
var exporters = []exporter{
	{"gpu", "UUID", "modelName", []deviceValue{
		{"DCGM_FI_DEV_GPU_UTIL", 1.0 / 100, utilization},
		{"DCGM_FI_DEV_POWER_USAGE", 1, power},
		{"DCGM_FI_DEV_FB_USED", 1, memoryUsed},
		{"DCGM_FI_DEV_FB_TOTAL", 1, memoryTotal},
		{"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", milli, counted},
	}},
	{"gpu_id", "", "card_model", []deviceValue{
		{"gpu_gfx_activity", 1.0 / 100, utilization},
		{"gpu_package_power", 1, power},
		{"gpu_average_package_power", 1, power},
		{"gpu_power_usage", 1, power},
		{"gpu_used_vram", 1, memoryUsed},
		{"gpu_total_vram", 1, memoryTotal},
		{"gpu_energy_consumed", micro, counted},
	}},
	{"", "gpu_uuid", "", []deviceValue{
		{"nv_gpu_utilization", 1, utilization},
		{"nv_gpu_power_usage", 1, power},
		{"nv_gpu_memory_used_bytes", mib, memoryUsed},
		{"nv_gpu_memory_total_bytes", mib, memoryTotal},
		{"nv_energy_consumption", 1, counted},
	}},
}

// gpusOf returns the devices of a page, by index.
func gpusOf(page families) []GPU {
	var all []GPU
	for _, e := range exporters {
		all = append(all, e.gpus(page)...)
	}
	return all
}

func (e *exporter) gpus(page families) []GPU {
	found := map[string]*GPU{}
	for _, v := range e.values {
		for _, m := range page[v.name].GetMetric() {
			labels := prompage.Labels(m)
			id := labels[cmp.Or(e.index, e.uuid)]
			if found[id] == nil {
				index, err := strconv.Atoi(id)
				if err != nil && e.index != "" {
					continue
				}
				found[id] = &GPU{Index: index}
			}
			g := found[id]
			g.UUID, g.Name = cmp.Or(g.UUID, labels[e.uuid]), cmp.Or(g.Name, labels[e.model])
			if to := v.field(g); *to == nil && finite(value(m)) {
				*to = new(value(m) * v.scale)
			}
		}
	}
	for _, m := range page["DCGM_FI_DEV_FB_FREE"].GetMetric() {
		if g := found[prompage.Labels(m)[e.index]]; g != nil && g.MemoryUsedMiB != nil && g.MemoryTotalMiB == nil {
			g.MemoryTotalMiB = new(value(m) + *g.MemoryUsedMiB)
		}
	}
	var gpus []GPU
	for _, g := range found {
		gpus = append(gpus, *g)
	}
	slices.SortFunc(gpus, func(a, b GPU) int { return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.UUID, b.UUID)) })
	if e.index == "" {
		for i := range gpus {
			gpus[i].Index = i
		}
	}
	return gpus
}

// parseEnergy parses what trtllm-serve answers at /energy_metrics: the energy of all of its GPUs together.
func parseEnergy(body []byte) ([]Meter, error) {
	var v struct {
		TotalJ *float64 `json:"total_energy_j"`
	}
	if err := json.Unmarshal(body, &v); err != nil || v.TotalJ == nil {
		return nil, errors.New("not a page of Prometheus metrics, but JSON without total_energy_j")
	}
	return []Meter{{Name: "server", Of: "gpus", EnergyJ: *v.TotalJ}}, nil
}

// raplName is how node_exporter names the counters of the zones that add up to a machine's CPUs and memory. The zones
// core and uncore are parts of package, and psys contains it.
var raplName = regexp.MustCompile(`^node_rapl_(package|dram)_joules_total$`)

// raplOf returns the CPUs of a page of node_exporter.
func raplOf(page families) []Meter {
	var meters []Meter
	for name, family := range page {
		m := raplName.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		for _, sample := range family.Metric {
			labels := prompage.Labels(sample)
			if !mmio(labels["path"]) && finite(value(sample)) {
				meters = append(meters, Meter{Name: m[1] + "-" + labels["index"], Of: "cpu", EnergyJ: value(sample)})
			}
		}
	}
	slices.SortFunc(meters, func(a, b Meter) int { return cmp.Compare(a.Name, b.Name) })
	return meters
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

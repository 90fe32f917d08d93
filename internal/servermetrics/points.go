package servermetrics

import (
	"maps"
	"slices"
	"strconv"

	"perfpipe/internal/prompage"
)

// DeviceSeries is a value of a device over time.
type DeviceSeries struct {
	Source string
	prompage.Series
	Points []prompage.Point
}

// Devices returns what was sampled of GPUs and CPUs as series of names such as gpu_power_w.
func (f *File) Devices() []DeviceSeries {
	var out []DeviceSeries
	gpus, meters := devices(f.Samples)
	for _, d := range gpus {
		labels := map[string]string{"gpu": strconv.Itoa(d.gpu.Index), "name": d.gpu.Name, "uuid": d.gpu.UUID}
		maps.DeleteFunc(labels, func(_, v string) bool { return v == "" })
		for _, v := range []struct {
			name string
			kind prompage.Kind
			of   gpuField
		}{
			{"gpu_utilization", prompage.Gauge, utilization},
			{"gpu_memory_used_mib", prompage.Gauge, memoryUsed},
			{"gpu_power_w", prompage.Gauge, power},
			{"gpu_energy_j", prompage.Counter, counted},
		} {
			s := DeviceSeries{Source: d.source, Series: prompage.Series{Name: v.name, Labels: labels, Type: v.kind}}
			for _, sample := range d.samples {
				if n := *v.of(&sample.GPU); n != nil {
					s.Points = append(s.Points, prompage.Point{AtUs: sample.atUs, Value: *n})
				}
			}
			out = append(out, s)
		}
	}
	for _, d := range meters {
		s := DeviceSeries{Source: d.source, Series: prompage.Series{
			Name: "energy_j", Labels: map[string]string{"of": d.meter.Of, "name": d.meter.Name}, Type: prompage.Counter,
		}}
		for _, r := range d.readings {
			s.Points = append(s.Points, prompage.Point{AtUs: r.AtUs, Value: *r.J})
		}
		out = append(out, s)
	}
	return slices.DeleteFunc(out, func(s DeviceSeries) bool { return s.Points == nil })
}

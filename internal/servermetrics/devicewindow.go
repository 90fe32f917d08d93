package servermetrics

import (
	"cmp"
	"slices"

	"perfpipe/internal/energy"
)

// device is a GPU or a meter with all that one source reported of it.
type device struct {
	source   string
	gpu      GPU   // index, UUID and name
	meter    Meter // name and kind; empty for a GPU
	samples  []timedGPU
	readings []energy.Reading
}

// timedGPU is a GPU at one instant.
type timedGPU struct {
	atUs int64
	GPU
}

// devices returns each device with what the samples, in order of time, report of it.
func devices(samples []Sample) (gpus, meters []*device) {
	found := map[any]*device{}
	of := func(id any, d device) *device {
		if found[id] == nil {
			found[id] = &d
			if d.meter.Name != "" {
				meters = append(meters, &d)
			} else {
				gpus = append(gpus, &d)
			}
		}
		return found[id]
	}
	type gpuID struct {
		source, uuid string
		index        int
	}
	for _, s := range samples {
		for _, g := range s.GPUs {
			d := of(gpuID{s.Source, g.UUID, g.Index}, device{source: s.Source, gpu: g})
			d.samples = append(d.samples, timedGPU{s.AtUs, g})
			d.readings = append(d.readings, energy.Reading{AtUs: s.AtUs, J: g.EnergyJ, W: g.PowerW})
		}
		for _, m := range s.Meters {
			d := of([2]string{s.Source, m.Name}, device{source: s.Source, meter: m})
			d.readings = append(d.readings, energy.Reading{AtUs: s.AtUs, J: new(m.EnergyJ)})
		}
	}
	return gpus, meters
}

// addDevices adds the devices of which there are samples. A GPU that several sources report counts once, preferably by
// a source that has its energy; so do the CPUs of this machine.
func (w *Window) addDevices(samples []Sample, from, to int64) {
	gpus, meters := devices(samples)
	lacksEnergy := func(d *device) int {
		if slices.ContainsFunc(d.readings, func(r energy.Reading) bool { return r.J != nil }) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(gpus, func(a, b *device) int { return cmp.Compare(lacksEnergy(a), lacksEnergy(b)) })
	seen := map[string]bool{}
	for _, d := range gpus {
		if d.gpu.UUID == "" || !seen[d.gpu.UUID] {
			if g, ok := d.window(from, to); ok {
				w.GPUs = append(w.GPUs, g)
				seen[d.gpu.UUID] = true
			}
		}
	}
	slices.SortStableFunc(w.GPUs, func(a, b GPUWindow) int { return a.Index - b.Index })
	local := slices.ContainsFunc(meters, func(d *device) bool { return d.source == rapl })
	for _, d := range meters {
		if local && d.meter.Of == "cpu" && d.source != rapl || len(w.GPUs) > 0 && d.meter.Of == "gpus" {
			continue
		}
		if u, ok := energy.Between(d.readings, d.meter.RangeJ, from, to); ok {
			w.Meters = append(w.Meters, MeterWindow{d.meter.Name, d.meter.Of, u})
		}
	}
}

// window returns a GPU's part of a Window. It reports false if there is no sample or energy of
// that time.
func (d *device) window(from, to int64) (GPUWindow, bool) {
	g := GPUWindow{Index: d.gpu.Index, Name: d.gpu.Name}
	within := slices.DeleteFunc(slices.Clone(d.samples), func(s timedGPU) bool { return s.atUs < from || s.atUs > to })
	value := func(of gpuField) *Level {
		return level(within, func(s timedGPU) (float64, bool) {
			if v := *of(&s.GPU); v != nil {
				return *v, true
			}
			return 0, false
		})
	}
	g.Utilization, g.MemoryMiB, g.PowerW = value(utilization), value(memoryUsed), value(power)
	if u, ok := energy.Between(d.readings, 0, from, to); ok {
		g.Energy = &u
	}
	return g, len(within) > 0 || g.Energy != nil
}

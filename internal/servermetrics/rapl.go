package servermetrics

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	rapl     = "rapl"
	powercap = "/sys/class/powercap"
)

// zone is an energy counter of the kernel's powercap framework.
type zone struct {
	dir, name string
	rangeJ    float64
}

// zoneDir matches the folders of zones: a package, or a part of one.
var zoneDir = regexp.MustCompile(`^[a-z-]*rapl:\d+(:\d+)?$`)

// mmio reports whether a zone is the second view of a package, through memory-mapped registers.
func mmio(path string) bool { return strings.Contains(path, "rapl-mmio") }

// zones returns the counters below dir that add up to the CPUs of this machine: packages, and their memory, which is
// not counted in them. The zones core and uncore are parts of a package, and psys contains it. The error is why there
// are none that may be read.
func zones(dir string) ([]zone, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []zone
	for _, e := range entries {
		if !zoneDir.MatchString(e.Name()) || mmio(e.Name()) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		name, _ := os.ReadFile(filepath.Join(path, "name"))
		z := zone{dir: path, name: strings.TrimSpace(string(name))}
		switch {
		case strings.HasPrefix(z.name, "dram"):
			_, of, _ := strings.Cut(e.Name(), ":")
			of, _, _ = strings.Cut(of, ":")
			z.name = "dram-" + of
		case !strings.HasPrefix(z.name, "package"):
			continue
		}
		if z.rangeJ, err = z.number("max_energy_range_uj"); err != nil {
			z.rangeJ = 0
		}
		if _, err := z.number("energy_uj"); err != nil {
			return nil, err
		}
		all = append(all, z)
	}
	if all == nil {
		return nil, fs.ErrNotExist
	}
	slices.SortFunc(all, func(a, b zone) int { return cmp.Compare(a.name, b.name) })
	return all, nil
}

// number reads a file of the zone in J.
func (z *zone) number(file string) (float64, error) {
	b, err := os.ReadFile(filepath.Join(z.dir, file))
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64)
	return v * micro, err
}

// watchCPUs samples the energy of this machine's CPUs until ctx ends, and once more. Without counters there are no
// samples; those that may not be read are an error in the first one.
func (r *run) watchCPUs(ctx context.Context, dir string) {
	all, err := zones(dir)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			r.write(Sample{AtUs: r.now(), Source: rapl, Error: err.Error()})
		}
		return
	}
	repeat(ctx, r.Interval, func() bool {
		s := Sample{Source: rapl}
		for i := range all {
			if v, err := all[i].number("energy_uj"); err == nil {
				s.Meters = append(s.Meters, Meter{Name: all[i].name, Of: "cpu", EnergyJ: v, RangeJ: all[i].rangeJ})
			}
		}
		s.AtUs = r.now()
		r.write(s)
		return true
	})
}

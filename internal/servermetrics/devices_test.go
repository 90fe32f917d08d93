package servermetrics

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestParseAMD(t *testing.T) {
	const device = `{"gpu":0,"usage":{"gfx_activity":{"value":50,"unit":"%"}},"power":{"socket_power":{"value":140,` +
		`"unit":"W"}},"mem_usage":{"total_vram":{"value":196592,"unit":"MB"},"used_vram":"N/A"},` +
		`"energy":{"total_energy_consumption":{"value":1234.5,"unit":"J"}}}`
	const want = `[{"index":0,"utilization":0.5,"memory_total_mib":196592,"power_w":140,"energy_j":1234.5},{"index":1}]`
	const other = `{"gpu":1,"usage":"N/A","power":{"socket_power":"N/A"}}`
	for name, out := range map[string]string{
		"a list":    "[" + device + "," + other + "]",
		"an object": `{"gpu_data":[` + device + "," + other + "]}",
	} {
		gpus, err := parseAMD([]byte(out))
		if got, _ := json.Marshal(gpus); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v\nwant %s", name, got, err, want)
		}
	}
	if gpus, err := parseAMD([]byte("no GPU")); err == nil {
		t.Errorf("%v of no JSON", gpus)
	}
}

// Each source samples once more when it ends.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	for file, text := range map[string]string{
		"intel-rapl:0/name": "package-0\n", "intel-rapl:0/energy_uj": "2500000\n",
		"intel-rapl:0/max_energy_range_uj": "4000000\n", amdSMI: "#!/bin/sh\necho '[{\"gpu\": 3}]'\n",
	} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	var got []string
	r := &run{now: func() int64 { return 7 }, Config: Config{Interval: time.Hour, Write: func(s Sample) error {
		line, err := json.Marshal(s)
		got = append(got, string(line))
		return err
	}}}
	ended, end := context.WithCancel(t.Context())
	end()
	r.watchCPUs(ended, dir)
	r.watchAMD(ended)
	r.watchCPUs(ended, t.TempDir()) // there are no counters
	want := []string{
		`{"at_us":7,"source":"rapl","meters":[{"name":"package-0","of":"cpu","energy_j":2.5,"range_j":4}]}`,
		`{"at_us":7,"source":"amd-smi","gpus":[{"index":3}]}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// The zones are packages and their memory, without the parts of a package and its second view.
func TestZones(t *testing.T) {
	dir := t.TempDir()
	for zone, name := range map[string]string{
		"intel-rapl:0": "package-0", "intel-rapl:1": "package-1", "intel-rapl:0:0": "core", "intel-rapl:0:1": "dram",
		"intel-rapl:2": "psys", "intel-rapl-mmio:0": "package-0", "intel-rapl": "",
	} {
		at := filepath.Join(dir, zone)
		for file, text := range map[string]string{
			"name": name + "\n", "energy_uj": "2500000\n", "max_energy_range_uj": "262143328850\n",
		} {
			if err := os.MkdirAll(at, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(at, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := zones(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, z := range all {
		got = append(got, z.name)
		if j, err := z.number("energy_uj"); j != 2.5 || err != nil || z.rangeJ != 262143.32885 {
			t.Errorf("%s: %v J of %v, %v", z.name, j, z.rangeJ, err)
		}
	}
	if text, _ := json.Marshal(got); string(text) != `["dram-0","package-0","package-1"]` {
		t.Errorf("%s", text)
	}
	if all, err := zones(t.TempDir()); err == nil {
		t.Errorf("%v in an empty folder", all)
	}
}

func TestEnergyOfServer(t *testing.T) {
	s, page := scrape(t.Context(), answer(200, `{"total_energy_j": 1234.5, "query_time": 1.5}`), "http://h/energy_metrics",
		time.Second)
	if got, _ := json.Marshal(s); page != nil || string(got) !=
		`{"at_us":0,"source":"http://h/energy_metrics","meters":[{"name":"server","of":"gpus","energy_j":1234.5}]}` {
		t.Errorf("%s", got)
	}
	s, _ = scrape(t.Context(), answer(200, `{"iter": 1}`), "http://h/metrics", time.Second)
	if want := "not a page of Prometheus metrics, but JSON without total_energy_j"; s.Error != want {
		t.Errorf("%+v", s)
	}
}

// A GPU that two sources report counts once, by the source that has its energy; so do the CPUs of this machine.
func TestDevicesCountOnce(t *testing.T) {
	f := &File{}
	for i := range 3 {
		at := int64(i) * 1e6
		watts, joules := new(100.), new(float64(1000+300*i))
		f.Samples = append(f.Samples,
			Sample{AtUs: at, Source: smi, GPUs: []GPU{{Index: 0, UUID: "GPU-a", PowerW: watts}}},
			Sample{AtUs: at, Source: smi, GPUs: []GPU{{Index: 1, UUID: "GPU-b", PowerW: watts}}},
			Sample{AtUs: at, Source: "dcgm", GPUs: []GPU{{Index: 0, UUID: "GPU-a", PowerW: watts, EnergyJ: joules}}},
			Sample{AtUs: at, Source: "node", Meters: []Meter{{Name: "package-0", Of: "cpu", EnergyJ: float64(7 * i)}}},
			Sample{AtUs: at, Source: rapl, Meters: []Meter{{Name: "package-0", Of: "cpu", EnergyJ: float64(10 * i)}}},
			Sample{AtUs: at, Source: "trt", Meters: []Meter{{Name: "server", Of: "gpus", EnergyJ: float64(900 * i)}}})
	}
	w := f.Summarize(0, 2e6, nil)
	w.Samples = 0
	const want = `{"samples":0,"gpus":[` +
		`{"index":0,"power_w":{"mean":100,"max":100},"energy":{"joules":600,"method":"counter","coverage":1}},` +
		`{"index":1,"power_w":{"mean":100,"max":100},"energy":{"joules":200,"method":"power","coverage":1}}],` +
		`"meters":[{"name":"package-0","of":"cpu","energy":{"joules":20,"method":"counter","coverage":1}}]}`
	if got, err := json.Marshal(w); err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

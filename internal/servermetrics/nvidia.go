package servermetrics

import (
	"bufio"
	"context"
	"encoding/csv"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const smi = "nvidia-smi"

// watchGPUs runs one nvidia-smi, which writes a line for each device and interval: to start it for each sample would
// cost more than what it measures. If it is not installed there are no samples.
func (r *run) watchGPUs(ctx context.Context) {
	path, err := exec.LookPath(smi)
	if err != nil {
		return
	}
	cmd := exec.CommandContext(ctx, path,
		"--query-gpu=index,name,utilization.gpu,memory.used,memory.total,power.draw,uuid",
		"--format=csv,noheader,nounits", "-lms", strconv.FormatInt(r.Interval.Milliseconds(), 10))
	cmd.WaitDelay = time.Second // a faulty driver can block it forever
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.write(Sample{AtUs: r.now(), Source: smi, Error: err.Error()})
		return
	}
	r.readGPUs(out)
	if err := cmd.Wait(); err != nil && ctx.Err() == nil {
		r.write(Sample{AtUs: r.now(), Source: smi, Error: err.Error()})
	}
}

func (r *run) readGPUs(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if g, ok := parseGPU(lines.Text()); ok {
			r.write(Sample{AtUs: r.now(), Source: smi, GPUs: []GPU{g}})
		}
	}
}

// parseGPU parses a line: index, name, utilization in percent, memory used and total in MiB, power in watts, UUID. A
// value that is not reported is [N/A].
func parseGPU(line string) (GPU, bool) {
	in := csv.NewReader(strings.NewReader(line))
	in.TrimLeadingSpace = true
	f, err := in.Read()
	if err != nil || len(f) != 7 {
		return GPU{}, false // a message
	}
	index, err := strconv.Atoi(f[0])
	if err != nil {
		return GPU{}, false
	}
	g := GPU{Index: index, Name: f[1], UUID: f[6]}
	for i, to := range []**float64{&g.Utilization, &g.MemoryUsedMiB, &g.MemoryTotalMiB, &g.PowerW} {
		if v, err := strconv.ParseFloat(f[i+2], 64); err == nil {
			*to = &v
		}
	}
	if g.Utilization != nil {
		*g.Utilization /= 100
	}
	return g, true
}

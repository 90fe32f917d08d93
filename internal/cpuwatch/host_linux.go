package cpuwatch

import (
	"bytes"
	"io"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// host reads the CPU time that the system withholds from this process.
type host struct {
	quota float64  // CPUs, of the cgroup; 0: no limit
	stat  *os.File // cpu.stat of the cgroup with the quota
	steal *os.File // /proc/stat, which counts the time that other virtual machines took
}

const cgroups = "/sys/fs/cgroup"

func newHost() (h host) {
	own, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(own)) {
		group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		for ok {
			if q := quotaIn(path.Join(cgroups, group, "cpu.max")); q > 0 && (h.quota == 0 || q < h.quota) {
				h.quota = q
				h.stat, _ = os.Open(path.Join(cgroups, group, "cpu.stat"))
			}
			if group == "/" || group == "." {
				break
			}
			group = path.Dir(group)
		}
	}
	h.steal, _ = os.Open("/proc/stat")
	return h
}

// quotaIn reads cpu.max: "max 100000", or the µs of CPU in a period, in µs. It returns CPUs; 0: no limit.
func quotaIn(file string) float64 {
	b, _ := os.ReadFile(file)
	f := strings.Fields(string(b))
	if len(f) != 2 {
		return 0
	}
	quota, err1 := strconv.ParseFloat(f[0], 64)
	period, err2 := strconv.ParseFloat(f[1], 64)
	if err1 != nil || err2 != nil || period <= 0 {
		return 0
	}
	return quota / period
}

// withheld returns for how long the process could not run because of its quota, or each CPU because of another virtual
// machine: the longer of the two, since the system began to count.
func (h *host) withheld() time.Duration {
	var buf [2048]byte
	throttled := time.Duration(numberAfter(readAgain(h.stat, buf[:]), "throttled_usec ", 1)) * time.Microsecond
	ticks := numberAfter(readAgain(h.steal, buf[:]), "cpu ", 8)
	stolen := time.Duration(ticks) * (time.Second / 100) / time.Duration(runtime.NumCPU())
	return max(throttled, stolen)
}

// readAgain reads the beginning of a file of the kernel, which changes between reads.
func readAgain(f *os.File, buf []byte) []byte {
	if f == nil {
		return nil
	}
	n, err := f.ReadAt(buf, 0)
	if err != nil && err != io.EOF {
		return nil
	}
	return buf[:n]
}

// numberAfter returns the nth number after key, 0 if there is none.
func numberAfter(b []byte, key string, nth int) int64 {
	_, rest, _ := bytes.Cut(b, []byte(key))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	f := bytes.Fields(line)
	if len(f) < nth {
		return 0
	}
	n, _ := strconv.ParseInt(string(f[nth-1]), 10, 64)
	return n
}

func (h *host) close() {
	for _, f := range []*os.File{h.stat, h.steal} {
		if f != nil {
			f.Close()
		}
	}
}

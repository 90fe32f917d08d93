package facts

import (
	"os"
	"runtime"
	"strings"
	"time"

	"perfpipe/internal/mask"
)

// Start returns the facts that are known when a run starts. Secrets in the command line are masked.
func Start(name string, args []string, version string) Facts {
	f := Facts{
		Format: Format, Command: append([]string{name}, maskArgs(args)...), Version: version,
		System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0), Started: time.Now(),
	}
	f.Host, _ = os.Hostname() // empty if it is not known
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		f.System += " " + strings.TrimSpace(string(kernel))
	}
	return f
}

// maskArgs returns a command line without its secrets: keys, the values of headers that may be secret, and those in
// URLs.
func maskArgs(args []string) []string {
	masked := make([]string, len(args))
	flag, first := "", false // the flag whose values follow, and whether none has come yet
	for i, a := range args {
		switch {
		case strings.HasPrefix(a, "--"):
			name, value, whole := strings.Cut(a, "=")
			flag, first = name, !whole
			masked[i] = a
			if whole {
				masked[i] = name + "=" + maskValue(name, value)
			}
		case strings.HasPrefix(a, "-") && len(a) > 1:
			flag, first, masked[i] = a, true, a
		case first || strings.HasSuffix(flag, "headers"):
			first, masked[i] = false, maskValue(flag, a)
		default:
			masked[i] = maskValue("", a)
		}
	}
	return masked
}

func maskValue(flag, value string) string {
	switch name := strings.TrimPrefix(flag, "--"); {
	case name != "key" && mask.Name(name): // key is a file
		return mask.Text
	case strings.HasSuffix(flag, "headers"):
		name, v, _ := strings.Cut(value, "=")
		return name + "=" + mask.Header(name, v)
	}
	return mask.URL(value)
}

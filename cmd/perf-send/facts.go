package main

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/cli"

	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/launch"
	"perfpipe/internal/mask"
	"perfpipe/internal/search"
	"perfpipe/internal/stats"
	"perfpipe/internal/tally"
)

// runFacts are what belongs to a whole run, for --facts-out.
type runFacts struct {
	facts.Facts
	Server *serverFacts   `json:"server,omitempty"` // of --api local*
	Search *searchFacts   `json:"search,omitempty"`
	Knee   *search.Ladder `json:"knee,omitempty"`
	Clock  *clockFacts    `json:"clock,omitempty"`
}

// begin notes what is known before the load.
func (f *runFacts) begin(env *cli.Env, shard string) {
	f.Format, f.Shard = facts.Format, shard
	f.Command = append([]string{env.Name}, maskedArgs(env.Args)...)
	f.Version, f.CPUs, f.Started = cli.Version(), runtime.GOMAXPROCS(0), time.Now()
	f.Host, _ = os.Hostname() // "" if it is not known
	f.System = runtime.GOOS + "/" + runtime.GOARCH
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		f.System += " " + strings.TrimSpace(string(kernel))
	}
}

// end notes how the run ended.
func (f *runFacts) end(t *tally.Tally, v stats.Verdict, err error) {
	f.Ended = time.Now()
	f.Interrupted = errors.Is(err, fault.ErrInterrupted)
	f.OK, f.Failed = t.Counts()
	f.Requests, f.Errors = f.OK+f.Failed, t.Errors()
	f.Verdict, f.Reason = v.Level, v.Reason
}

// maskedArgs is a command line without its secrets: keys, headers that may hold some, and those in URLs.
func maskedArgs(args []string) []string {
	masked := make([]string, len(args))
	flag, first := "", false // the flag whose values follow, and whether none has yet
	for i, a := range args {
		switch {
		case strings.HasPrefix(a, "--"):
			name, value, whole := strings.Cut(a, "=")
			flag, first = name, !whole
			masked[i] = a
			if whole {
				masked[i] = name + "=" + maskedValue(name, value)
			}
		case strings.HasPrefix(a, "-") && len(a) > 1:
			flag, first, masked[i] = a, true, a
		case first || strings.HasSuffix(flag, "headers"):
			first, masked[i] = false, maskedValue(flag, a)
		default:
			masked[i] = maskedValue("", a)
		}
	}
	return masked
}

func maskedValue(flag, value string) string {
	switch {
	case flag != "--key" && mask.Name(strings.TrimPrefix(flag, "--")): // --key is a file
		return mask.Text
	case strings.HasSuffix(flag, "headers"):
		name, v, _ := strings.Cut(value, "=")
		return name + "=" + mask.Header(name, v)
	}
	return mask.URL(value)
}

type serverFacts struct {
	API   string `json:"api"`
	Model string `json:"model"`
	Log   string `json:"log"`
	launch.Memory
}

// write makes the file, if one is wanted.
func (f *runFacts) write(env *cli.Env, path string) error {
	if path == "" {
		return nil
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	out := env.Create(path)
	if _, err := out.Write(append(b, '\n')); err != nil {
		out.Abort()
		return fault.Fail("", "--facts-out: %w", err)
	}
	if err := out.Commit(); err != nil {
		return fault.Fail("", "--facts-out: %w", err)
	}
	return nil
}

package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/client"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/launch"
	"perfpipe/internal/load"
	"perfpipe/internal/partial"
	"perfpipe/internal/record"
	"perfpipe/internal/search"
	"perfpipe/internal/sim"
)

// talk holds what a run says: facts, with the setting and the reason in brackets, and next steps.
type talk struct {
	mu    sync.Mutex
	lines []string
}

func (k *talk) add(format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lines = append(k.lines, fmt.Sprintf(format, args...))
}

func (k *talk) text() string { return strings.Join(k.lines, "\n") }

// config returns a run of lines against the simulator, which writes its records to a file in a new folder.
func config(t *testing.T, lines string, plan load.Plan) (*Config, *talk) {
	t.Helper()
	dir := t.TempDir()
	input := filepath.Join(dir, "requests.jsonl")
	if err := os.WriteFile(input, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(input)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	plan.Arrival, plan.Speedup = "poisson", 1
	points, err := plan.Points()
	if err != nil {
		t.Fatal(err)
	}
	simulator, err := sim.ParseConfig("ttft=1ms,itl=0s")
	if err != nil {
		t.Fatal(err)
	}
	said := new(talk)
	return &Config{
		Client: client.Config{
			Say: said.add, Hint: func(reason string) string { return "<" + reason + ">" },
		},
		Server: Server{Sim: simulator}, Points: points, Limits: search.Limits{ErrorShare: 1}, Shard: load.Shard{Of: 1},
		RunID: "r",
		Input: Input{Reader: file, Name: "requests.jsonl", Label: func(l map[string]string) map[string]string { return l }},
		Output: Output{
			Records:  filepath.Join(dir, "records.jsonl"),
			Create:   func(path string) *partial.File { return partial.Create(path, partial.Options{}) },
			Continue: func(path string) *partial.File { return partial.Create(path, partial.Options{Append: true}) },
			CreateNew: func(path string) (*os.File, error) {
				return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			},
			Write: func(path string, text []byte) error { return os.WriteFile(path, text, 0o600) },
		},
		Progress: Progress{Quiet: true}, Facts: func() facts.Facts { return facts.Facts{Format: facts.Format} },
		Say: said.add, Hint: func(format string, args ...any) { said.add("hint: "+format, args...) },
		Tell: func(setting, reason, format string, args ...any) {
			said.add("["+setting+" "+reason+"] "+format, args...)
		},
	}, said
}

const line = `{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":2}` + "\n"

// readRecords returns the records of a file.
func readRecords(t *testing.T, path string) (all []record.Record) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var d record.Decoder
	for line := range bytes.Lines(b) {
		rec, err := d.Decode(bytes.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, *rec)
	}
	return all
}

// settingOf returns the setting and the reason of an error.
func settingOf(err error) (setting, reason string) {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Setting, e.Reason
	}
	return "", ""
}

// written is what a file of facts holds.
type written struct {
	facts.Facts
	Search *struct {
		What    string   `json:"what"`
		SLO     []string `json:"slo"`
		Best    float64  `json:"best"`
		Trusted bool     `json:"trusted"`
	} `json:"search"`
}

// runFacts runs cfg and returns the facts that it leaves.
func runFacts(t *testing.T, ctx context.Context, cfg *Config) (rep written, err error) {
	t.Helper()
	cfg.Output.Facts = cfg.Output.Records + ".facts"
	err = Run(ctx, t.Context(), *cfg)
	b, e := os.ReadFile(cfg.Output.Facts)
	if e != nil {
		t.Fatal(e)
	}
	if e := json.Unmarshal(b, &rep); e != nil {
		t.Fatal(e)
	}
	return rep, err
}

// Each point of a sweep over a file sends all lines, after a pause.
func TestSweep(t *testing.T) {
	cfg, said := config(t, line+line+line, load.Plan{Parallel: []int{1, 2}})
	pauses := 0
	cfg.Between = func(context.Context) error { pauses++; return nil }
	rep, err := runFacts(t, t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var runs []string
	for _, r := range readRecords(t, cfg.Output.Records) {
		runs = append(runs, r.Run)
	}
	want := []string{"parallel=1", "parallel=1", "parallel=1", "parallel=2", "parallel=2", "parallel=2"}
	if !slices.Equal(runs, want) || pauses != 1 {
		t.Errorf("records of %q after %d pauses", runs, pauses)
	}
	if rep.OK != 6 || rep.Failed != 0 || rep.RunID != "r" || rep.Ended.IsZero() {
		t.Errorf("report %+v", rep)
	}
	for _, want := range []string{"<simulator>", "each of 2 points sends all lines", "6 requests: all ok"} {
		if !slices.Contains(said.lines, want) {
			t.Errorf("%q is not said in\n%s", want, said.text())
		}
	}
}

// A run that is continued sends what its file does not hold.
func TestResume(t *testing.T) {
	cfg, _ := config(t, line+line+line, load.Plan{Numbers: []int{2}})
	if err := Run(t.Context(), t.Context(), *cfg); err != nil {
		t.Fatal(err)
	}
	again, said := config(t, line+line+line, load.Plan{})
	again.Output.Records, again.Output.Resume = cfg.Output.Records, true
	if err := Run(t.Context(), t.Context(), *again); err != nil {
		t.Fatal(err)
	}
	var seqs []int64
	for _, r := range readRecords(t, cfg.Output.Records) {
		seqs = append(seqs, r.Seq)
	}
	if !slices.Equal(seqs, []int64{0, 1, 2}) {
		t.Errorf("seq %v", seqs)
	}
	if want := "[resume ] " + cfg.Output.Records + " holds 2 records"; said.lines[0] != want {
		t.Errorf("%s\nwant first %s", said.text(), want)
	}
}

// The folder of a run gets all files that have no path.
func TestFolder(t *testing.T) {
	cfg, said := config(t, line, load.Plan{})
	cfg.Output.Folder, cfg.Output.Records = t.TempDir(), ""
	if err := Run(t.Context(), t.Context(), *cfg); err != nil {
		t.Fatal(err)
	}
	records, err := facts.Records(cfg.Output.Folder)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(records)
	var names []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{facts.FactsFile, facts.RecordsFile, facts.RequestsFile}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if last := said.lines[len(said.lines)-1]; !strings.HasPrefix(last, "hint: <figures>") || !strings.Contains(last, dir) {
		t.Errorf("%q does not show the figures of %s", last, dir)
	}
}

// What is wrong with a configuration is found before a server is started, which takes minutes. This one would fail.
func TestCheckedBeforeTheServer(t *testing.T) {
	for name, c := range map[string]struct {
		change          func(*Config)
		setting, reason string
	}{
		"server":    {func(*Config) {}, "python ./none", "python"},
		"errors":    {func(c *Config) { c.Limits.ErrorShare = 2 }, "max-error-rate", "share"},
		"in flight": {func(c *Config) { c.Limits.InFlight = -1 }, "max-in-flight", ""},
		"page":      {func(c *Config) { c.Metrics.Pages = []string{"nowhere"} }, "server-metrics", "metrics-url"},
		"cycle":     {func(c *Config) { c.Input.Cycle = true }, "cycle", "endless"},
		"pipe":      {func(c *Config) { c.Input.Reader = strings.NewReader("") }, "number", "sweep-pipe"},
		"conns":     {func(c *Config) { c.MaxConns = -1 }, "max-conns", ""},
		"slots":     {func(c *Config) { c.MaxConns = 1 }, "parallel", ""},
		"shards":    {func(c *Config) { c.Shard.Of = 3 }, "parallel", "few-slots"},
		"search":    {func(c *Config) { c.Shard.Of, c.Search.Knee = 2, true }, "search and profile", "one-shard"},
		"clock":     {func(c *Config) { c.ClockRef = "nowhere" }, "clock-ref", "clock-url"},
		"tokenizer": {func(c *Config) { c.Tokenizer.Name = "./none.json" }, "tokenizer-path", ""},
		"records":   {func(c *Config) { c.Output.Records += "/none/x" }, "", ""},
		"metrics":   {func(c *Config) { c.Metrics.File = c.Output.Records + "/none/x" }, "metrics-out", ""},
		"facts":     {func(c *Config) { c.Output.Facts = c.Output.Records + "/none/x" }, "facts-out", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := config(t, line, load.Plan{Parallel: []int{1, 2}})
			cfg.Server.Launch = launch.Config{API: "local", Model: t.TempDir(), Python: "./none"}
			c.change(cfg)
			err := Run(t.Context(), t.Context(), *cfg)
			if setting, reason := settingOf(err); err == nil || setting != c.setting || reason != c.reason {
				t.Errorf("%q %q: %v", setting, reason, err)
			}
		})
	}
}

// The input may end before the load points have had their requests.
func TestShortInput(t *testing.T) {
	cfg, said := config(t, line, load.Plan{Numbers: []int{2}})
	if err := Run(t.Context(), t.Context(), *cfg); err != nil {
		t.Fatal(err)
	}
	const short = "parallel=1: the input ended after 1 of 2 requests"
	if !slices.Contains(said.lines, "[ input-short] "+short) {
		t.Errorf("not said: %s", said.text())
	}
	cfg, _ = config(t, line, load.Plan{})
	slo, err := search.ParseSLO([]string{"ok>=0.1"})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Search = Search{
		SLO: slo, What: search.Parallel, Options: search.OptionsOf(search.Parallel, 0, 0, 1),
		Plan: load.Plan{Arrival: "poisson", Speedup: 1, Numbers: []int{2}},
	}
	rep, err := runFacts(t, t.Context(), cfg)
	if _, reason := settingOf(err); reason != "input-short" || err.Error() != short {
		t.Errorf("a search: %v", err)
	}
	if rep.Search == nil || rep.Search.Trusted || rep.Search.What != "parallel" {
		t.Errorf("a search: %+v", rep.Search)
	}
}

// A search that no level meets fails, and the facts say so.
func TestSearch(t *testing.T) {
	cfg, said := config(t, strings.Repeat(line, 500), load.Plan{})
	slo, err := search.ParseSLO([]string{"ttft_ms:p50<0.001"})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Search = Search{
		SLO: slo, What: search.Parallel, Options: search.OptionsOf(search.Parallel, 0, 1, 1),
		Plan: load.Plan{Arrival: "poisson", Speedup: 1, Numbers: []int{100}},
	}
	rep, err := runFacts(t, t.Context(), cfg)
	if setting, reason := settingOf(err); setting != "slo" || reason != "slo-missed" {
		t.Errorf("%v\n%s", err, said.text())
	}
	if rep.Search == nil || rep.Search.Best != 0 || !slices.Equal(rep.Search.SLO, []string{"ttft_ms:p50<0.001"}) {
		t.Errorf("%+v", rep.Search)
	}
}

// A number of requests that can never suffice is refused, and one that takes several runs is reported.
func TestSearchNumber(t *testing.T) {
	const needs = "a level gets at most %d runs of %d requests; " +
		"to pass ttft_ms:p99<500, it needs at least 299 that all meet it"
	slo, err := search.ParseSLO([]string{"ok>=0.9", "ttft_ms:p99<500"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		number, runs int
		refused      bool
		reported     string
	}{
		{0, 1, false, ""}, {299, 1, false, ""},
		{298, 2, false, fmt.Sprintf(needs, 2, 298)}, {100, 3, false, fmt.Sprintf(needs, 3, 100)},
		{298, 1, true, fmt.Sprintf(needs, 1, 298)}, {100, 2, true, fmt.Sprintf(needs, 2, 100)},
	} {
		s := Search{SLO: slo, Options: search.OptionsOf(search.Rate, 0, 0, c.runs)}
		if c.number > 0 {
			s.Plan.Numbers = []int{c.number}
		}
		reported := ""
		err := s.check(func(_, _, format string, args ...any) { reported = fmt.Sprintf(format, args...) })
		if err != nil {
			reported = err.Error()
		}
		setting, _ := settingOf(err)
		if (err != nil) != c.refused || reported != c.reported || c.refused && setting != "number" {
			t.Errorf("%d requests in %d runs: %v, %q", c.number, c.runs, err, reported)
		}
	}
}

// An interrupted run has its records, and reports what it waits for.
func TestInterrupt(t *testing.T) {
	cfg, said := config(t, strings.Repeat(line, 100), load.Plan{})
	cfg.Server.Sim.TTFT = 30 * time.Millisecond
	cfg.Grace = time.Minute
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(fault.ErrInterrupted) })
	rep, err := runFacts(t, ctx, cfg)
	if !errors.Is(err, fault.ErrInterrupted) || !rep.Interrupted {
		t.Errorf("%+v, %v", rep, err)
	}
	if n := len(readRecords(t, cfg.Output.Records)); int64(n) != rep.OK || n == 0 || n == 100 {
		t.Errorf("%d records of %+v", n, rep)
	}
	if !strings.Contains(said.text(), "stopping") {
		t.Errorf("said %s", said.text())
	}
}

// The simulator is refused an address that is none.
func TestSimulate(t *testing.T) {
	_, _, err := Simulate(sim.Default(), "nowhere", "")
	if setting, reason := settingOf(err); setting != "serve-sim" || reason != "sim-address" {
		t.Errorf("%v", err)
	}
	_, _, err = Simulate(sim.Default(), "127.0.0.1:0", t.TempDir())
	if setting, _ := settingOf(err); setting != "truth" {
		t.Errorf("%v", err)
	}
}

// The start of shards may be an instant that has passed.
func TestStartAt(t *testing.T) {
	cfg, said := config(t, line, load.Plan{})
	cfg.StartAt = "1000000000"
	if err := Run(t.Context(), t.Context(), *cfg); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.text(), "[start-at ] was ") {
		t.Errorf("said %s", said.text())
	}
	cfg, _ = config(t, line, load.Plan{})
	cfg.StartAt = "tomorrow"
	err := Run(t.Context(), t.Context(), *cfg)
	if setting, reason := settingOf(err); setting != "start-at" || reason != "instant" {
		t.Errorf("%v", err)
	}
}

func parseURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Command evalscope-perf takes the command line of evalscope perf and runs perf-gen | perf-send | perf-stats and
// perf-plot for it, with evalscope's folder of results.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/evalscope"
	"perfpipe/internal/fault"
)

func main() {
	os.Exit(cli.Main("evalscope-perf", func(env *cli.Env) error { return run(env, time.Now()) }))
}

const usage = `Usage: evalscope-perf [--dry-run] FLAGS
       evalscope-perf --version

Runs "evalscope perf FLAGS" as a pipeline of perf-gen, perf-send, perf-stats and perf-plot, which it prints, and leaves
evalscope's folder of results. --dry-run only prints. docs/from-evalscope.md describes the differences. Flags:

`

func run(env *cli.Env, now time.Time) error {
	args := slices.Clone(env.Args)
	if len(args) > 0 && args[0] == "perf" { // so that alias evalscope=evalscope-perf works
		args = args[1:]
	}
	flags := allFlags()
	if slices.Contains(args, "--help") || slices.Contains(args, "-h") {
		return help(env, flags)
	}
	if slices.Contains(args, "--version") {
		_, err := fmt.Fprintln(env.Stdout, env.Name, cli.Version())
		return err
	}
	dry := slices.Contains(args, "--dry-run")
	args = slices.DeleteFunc(args, func(a string) bool { return a == "--dry-run" })
	typed, err := parse(flags, args)
	if err != nil {
		return err
	}
	j, err := split(flags, typed)
	if err != nil {
		return err
	}
	for _, n := range j.notes {
		env.Say("%s", n)
	}
	if dry {
		dir := folder(typed, now)
		j.track(dir, typed)
		_, err := fmt.Fprint(env.Stdout, j.script(dir))
		return err
	}
	dir, err := reserve(typed, now)
	if err != nil {
		return err
	}
	j.track(dir, typed)
	log, err := openLog(dir, env.TTY)
	if err != nil {
		return err
	}
	defer log.close()
	logged := *env
	logged.Stderr = log.stderr(env.Stderr)
	fmt.Fprint(env.Stderr, j.script(dir))
	log.say("Starting benchmark:\n" + j.script(dir))
	runErr := j.pipe(&logged, dir)
	if st, err := os.Stat(filepath.Join(dir, "records.jsonl")); err != nil || st.Size() == 0 {
		return runErr
	}
	return cmp.Or(j.results(&logged, dir, flags, typed, log), runErr)
}

func help(env *cli.Env, flags []flag) error {
	var b strings.Builder
	b.WriteString(usage)
	for _, f := range flags {
		name := "--" + f.name
		switch f.kind {
		case onOff:
			name = "--[no-]" + f.name
		case on:
		case words, numbers, floats, pairs:
			name += " VALUE ..."
		default:
			name += " VALUE"
		}
		def := ""
		if s := fmt.Sprint(f.def); f.def != nil && f.def != false && s != "map[]" {
			def = fmt.Sprintf("default %v", f.def)
		}
		if f.unused != "" {
			def = "no use here: " + f.unused
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("  %-38s %s", name, def), " ") + "\n")
	}
	_, err := fmt.Fprint(env.Stdout, b.String())
	return err
}

// folder returns the folder of the results: outputs/TIME/NAME, where NAME is the model's unless it was typed.
func folder(v values, now time.Time) string {
	name := v.one("name", filepath.Base(v.one("model", "model")))
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune("<>:\"|?*\\/\x00", r) {
			return '_'
		}
		return r
	}, name)
	parts := []string{v.one("outputs-dir", "outputs"), now.Format("20060102_150405"), name}
	if v.has("no-timestamp") {
		parts = slices.Delete(parts, 1, 2)
	}
	return filepath.Join(parts...)
}

// reserve creates the folder of the results. If another run has the folder of this second, it takes that of the next.
func reserve(v values, now time.Time) (string, error) {
	for {
		dir := folder(v, now)
		if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
			return "", fault.Fail("", "%w", err)
		}
		err := os.Mkdir(dir, 0o755)
		switch {
		case err == nil:
			return dir, nil
		case !errors.Is(err, fs.ErrExist):
			return "", fault.Fail("", "%w", err)
		case !v.has("no-timestamp"):
			now = now.Add(time.Second)
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "records.jsonl")); !errors.Is(err, fs.ErrNotExist) {
			return "", fault.Fail("leave out --no-timestamp, or give --name or --outputs-dir", "%s holds a run already", dir)
		}
		return dir, nil
	}
}

// results writes the files that are made of the records.
func (j *job) results(env *cli.Env, dir string, flags []flag, v values, log *runLog) error {
	if j.agentX != nil {
		return j.agentX.results(env, j, dir, log)
	}
	for _, s := range []*stage{j.files(dir), j.page(dir)} {
		if err := s.run(env.Stdout, env.Stderr, dir); err != nil {
			return err
		}
	}
	points, err := evalscope.ReadPoints(dir)
	if err != nil {
		return err
	}
	for i := range points {
		p := &points[i]
		if err := j.writeArgs(p, flags, v); err != nil {
			return fault.Fail("", "%w", err)
		}
		for _, t := range p.Tables() {
			log.table(t)
		}
		log.say("Save the summary to: " + p.Dir)
	}
	return report(io.MultiWriter(env.Stdout, log.file), dir, v, points)
}

// report writes evalscope's closing tables to out and into performance_summary.txt.
func report(out io.Writer, dir string, v values, points []evalscope.Point) error {
	file, err := os.Create(filepath.Join(dir, "performance_summary.txt"))
	if err != nil {
		return fault.Fail("", "%w", err)
	}
	defer file.Close()
	api := v.one("api", "openai")
	r := evalscope.Report{
		Model: v.one("model", ""), Alias: v.one("alias", ""), Dataset: v.one("dataset", "openqa"), API: api,
		URL: v.one("url", ""), Dir: dir, InputOnly: slices.Contains([]string{"/embeddings", "/reranks"}, endpoint(api)),
		Points: points,
	}
	if err := r.Write(io.MultiWriter(out, file)); err != nil {
		return err
	}
	return file.Close()
}

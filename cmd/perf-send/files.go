package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"perfpipe/internal/cli"

	"perfpipe/internal/fault"
)

// shardMark in a file's name stands for the number of the shard.
const shardMark = "{shard}"

// nameShards puts the shard's number into the names of files. Shards that the environment tells apart share a command
// line, so each gets a file of its own also if the name has no mark.
func (f *flags) nameShards(env *cli.Env, from string) {
	index := strconv.Itoa(f.part.Index)
	for _, path := range []*string{&f.Output, &f.Resume, &f.FactsOut, &f.MetricsOut, &f.Truth} {
		*path = strings.ReplaceAll(*path, shardMark, index)
	}
	if f.part.Of <= 1 || from == "--shard" {
		return
	}
	for _, path := range []*string{&f.Output, &f.Resume, &f.FactsOut} {
		name, own := ownName(*path, index)
		if own {
			continue
		}
		env.Say("%s: each shard writes a file of its own, this one %s", *path, name)
		*path = name
	}
}

// ownName puts a shard's number before the endings of a file's name. The path is the shard's own already if its name
// has the number, or if it is no file.
func ownName(path, index string) (name string, own bool) {
	dir, base := filepath.Split(path)
	if cli.IsStd(path) || regexp.MustCompile(`(^|[^0-9])0*`+index+`([^0-9]|$)`).MatchString(base) {
		return path, true
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return path, true
	}
	stem, ends := base, ""
	for _, end := range []string{".gz", ".zst"} {
		if s, ok := strings.CutSuffix(stem, end); ok {
			stem, ends = s, end
		}
	}
	if end := filepath.Ext(stem); end != stem {
		stem, ends = strings.TrimSuffix(stem, end), end+ends
	}
	return dir + stem + "." + index + ends, false
}

// checkFiles refuses files that would destroy each other, or what an earlier run has written.
func (f *flags) checkFiles(env *cli.Env) error {
	f.Resume = strings.TrimSuffix(f.Resume, cli.PartialEnd)
	if f.Resume != "" {
		if err := f.checkResume(); err != nil {
			return err
		}
		f.Output = f.Resume
	}
	files := []cli.File{
		{Name: "the input", Path: f.Input}, {Name: "-o", Path: f.Output, Out: true},
		{Name: "--metrics-out", Path: f.MetricsOut, Out: true}, {Name: "--facts-out", Path: f.FactsOut, Out: true},
		{Name: "--truth", Path: f.Truth, Out: true},
	}
	var named []cli.File
	for i, file := range files {
		if i < 2 || file.Path != "" { // the first two are stdin and stdout if they are not named
			named = append(named, file)
		}
	}
	if err := env.Distinct(named...); err != nil {
		return err
	}
	if cli.IsStd(f.Output) || f.Force || f.Resume != "" {
		return nil
	}
	if info, err := os.Stat(f.Output); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		return fault.Usage("--resume "+f.Output+" sends what it does not hold yet, --force replaces it",
			"-o: %s exists and is not empty", f.Output)
	}
	return nil
}

// Command notices prints the licences of everything that is linked into the commands, including data, as most of them
// require:
//
//	notices GOOS/GOARCH...
package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
)

func main() { os.Exit(cli.Main("notices", run)) }

// legal matches the names of files with licences and notices.
var legal = regexp.MustCompile(`(?i)^((un)?licen[sc]e|copying|notice|patents|ftl)[^/]*$`)

func run(env *cli.Env) error {
	modules := map[string]map[string]bool{} // the folders of each module: its root and those of the packages used
	for _, platform := range env.Args {
		if err := linked(modules, platform); err != nil {
			return err
		}
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	modules["Go"] = map[string]bool{strings.TrimSpace(string(goroot)): true}
	modules["Apache ECharts"] = map[string]bool{"internal/chart/echarts": true}
	fmt.Fprintln(env.Stdout, "What is linked into the programs, each with its licence.")
	for _, module := range slices.Sorted(maps.Keys(modules)) {
		texts, err := texts(slices.Sorted(maps.Keys(modules[module])))
		if err != nil {
			return err
		}
		if len(texts) == 0 {
			return fault.Fail("", "%s has no licence", module)
		}
		for _, text := range texts {
			fmt.Fprintf(env.Stdout, "\n==== %s\n\n%s\n", module, text)
		}
	}
	return nil
}

// linked adds the modules and folders of the packages that the commands import on a platform.
func linked(modules map[string]map[string]bool, platform string) error {
	goos, goarch, _ := strings.Cut(platform, "/")
	const format = "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}\t{{$.Dir}}{{end}}{{end}}"
	cmd := exec.Command("go", "list", "-deps", "-f", format, "./cmd/...", "./scripts/drop-in/...")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) < 3 {
			continue
		}
		if modules[fields[0]] == nil {
			modules[fields[0]] = map[string]bool{fields[1]: true, filepath.Join(fields[1], "licenses"): true}
		}
		modules[fields[0]][fields[2]] = true
	}
	return nil
}

// texts returns the legal files of the folders, each text once. Not every module has every folder.
func texts(dirs []string) ([]string, error) {
	var all []string
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() || !legal.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
				continue
			}
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, err
			}
			if text := strings.TrimSpace(string(b)); !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return all, nil
}

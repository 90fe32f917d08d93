package cmd

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	longFlag = regexp.MustCompile(`--[a-z][a-z0-9-]*`)
	codeSpan = regexp.MustCompile("`([^`]*)`")
	linkTo   = regexp.MustCompile(`\]\([^)]*\)`)
)

// TestFrom compares the tables of the pages about other load generators with their flags, listed in testdata/from, and
// with ours: each flag of theirs has a line, and each flag of ours in it exists.
func TestFrom(t *testing.T) {
	for _, tt := range []struct{ page, heading, flags string }{
		{"from-vllm.md", "## vllm bench serve\n", "vllm-0.32.0.flags"},
		{"from-vllm.md", "## vllm-rs bench serve\n", "vllm-rs-0.33.0.flags"},
		{"from-vllm.md", "## sglang's bench_serving\n", "sglang-0.5.23.flags"},
		{"from-aiperf.md", "", "aiperf-0.13.0.flags"},
		{"from-guidellm.md", "## The command line\n", "guidellm-0.8.1.flags"},
	} {
		t.Run(tt.flags, func(t *testing.T) {
			var documented []string
			for _, row := range rows(t, tt.page, tt.heading) {
				documented = append(documented, longFlag.FindAllString(row.left, -1)...)
			}
			equalSets(t, documented, strings.Fields(readFrom(t, tt.flags)))
		})
	}
	ours := flagTable(t)
	for _, page := range []string{"from-vllm.md", "from-aiperf.md", "from-guidellm.md"} {
		for _, row := range rows(t, page, "") {
			right := linkTo.ReplaceAllString(row.right, "]")
			for _, name := range longFlag.FindAllString(right, -1) {
				if ours.commands(name) == nil {
					t.Errorf("%s: %s: our %s does not exist", page, row.left, name)
				}
			}
			for _, code := range codeSpan.FindAllStringSubmatch(right, -1) {
				command, args, _ := strings.Cut(code[1], " ")
				for _, name := range longFlag.FindAllString(args, -1) {
					if strings.HasPrefix(command, "perf-") && !slices.Contains(ours.commands(name), command) {
						t.Errorf("%s: %s: %s has no %s", page, row.left, command, name)
					}
				}
			}
		}
	}
}

// flagCommands has the commands of each flag.
type flagCommands map[string][]string

// flagTable reads docs/flags.md.
func flagTable(t *testing.T) flagCommands {
	t.Helper()
	table := flagCommands{}
	columns := []string{"perf-gen", "perf-send", "perf-stats", "perf-plot"}
	for line := range strings.Lines(read(t, "../docs/flags.md")) {
		cells := strings.Split(line, "|")
		if len(cells) != len(columns)+3 {
			continue
		}
		for i, command := range columns {
			if name := strings.Trim(cells[1], " `"); strings.TrimSpace(cells[i+2]) == "x" {
				table[name] = append(table[name], command)
			}
		}
	}
	return table
}

// commands returns the commands that have a flag, which may be a negation.
func (f flagCommands) commands(name string) []string {
	if list := f[name]; list != nil {
		return list
	}
	return f["--"+strings.TrimPrefix(name, "--no-")]
}

// TestFromGuidellmKeys compares the tables of guidellm's flags with the kinds and keys that each flag takes.
func TestFromGuidellmKeys(t *testing.T) {
	want := map[string][]string{}
	for line := range strings.Lines(readFrom(t, "guidellm-0.8.1.keys")) {
		flag, key, _ := strings.Cut(strings.TrimSpace(line), " ")
		want[flag] = append(want[flag], key)
	}
	for flag, keys := range want {
		t.Run(flag, func(t *testing.T) {
			var documented []string
			for _, row := range rows(t, "from-guidellm.md", "## "+flag+"\n") {
				for _, code := range codeSpan.FindAllStringSubmatch(row.left, -1) {
					documented = append(documented, code[1])
				}
			}
			equalSets(t, documented, keys)
		})
	}
}

// equalSets reports the names that are documented but do not exist, and those that exist but are not documented.
func equalSets(t *testing.T, documented, existing []string) {
	t.Helper()
	for _, name := range existing {
		if !slices.Contains(documented, name) {
			t.Errorf("%s has no line", name)
		}
	}
	for _, name := range documented {
		if !slices.Contains(existing, name) {
			t.Errorf("it has no %s", name)
		}
	}
}

type row struct{ left, right string }

// rows returns the rows of the tables below a heading, or of all tables.
func rows(t *testing.T, page, heading string) []row {
	t.Helper()
	_, section, found := strings.Cut(read(t, "../docs/"+page), heading)
	if !found {
		t.Fatalf("%s has no heading %s", page, heading)
	}
	if heading != "" {
		section, _, _ = strings.Cut(section, "\n## ")
	}
	var all []row
	for line := range strings.Lines(section) {
		left, right, found := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		if found && strings.HasPrefix(line, "|") {
			all = append(all, row{strings.TrimSpace(left), right})
		}
	}
	return all
}

func readFrom(t *testing.T, name string) string { return read(t, "testdata/from/"+name) }

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

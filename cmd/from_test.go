package cmd

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var longFlag = regexp.MustCompile(`--[a-z][a-z0-9-]*`)

// TestFromVLLM compares the tables of docs/from-vllm.md with the flags of vLLM's and SGLang's benchmarks, listed in
// testdata/from, and with ours: each flag of theirs has a line, and each flag of ours in it exists.
func TestFromVLLM(t *testing.T) {
	doc, err := os.ReadFile("../docs/from-vllm.md")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile("../docs/flags.md")
	if err != nil {
		t.Fatal(err)
	}
	ours := longFlag.FindAllString(string(own), -1)
	for heading, file := range map[string]string{
		"## vllm bench serve\n": "vllm-0.32.0", "## sglang's bench_serving\n": "sglang-0.5.23",
	} {
		list, err := os.ReadFile("testdata/from/" + file + ".flags")
		if err != nil {
			t.Fatal(err)
		}
		theirs := strings.Fields(string(list))
		_, section, found := strings.Cut(string(doc), heading)
		if !found {
			t.Fatalf("no heading %s", heading)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		var told []string
		for line := range strings.Lines(section) {
			left, right, found := strings.Cut(strings.TrimPrefix(line, "|"), "|")
			if !found {
				continue
			}
			told = append(told, longFlag.FindAllString(left, -1)...)
			for _, name := range longFlag.FindAllString(right, -1) {
				if !slices.Contains(ours, name) && !slices.Contains(ours, "--"+strings.TrimPrefix(name, "--no-")) {
					t.Errorf("%s: our %s does not exist", strings.TrimSpace(left), name)
				}
			}
		}
		for _, name := range theirs {
			if !slices.Contains(told, name) {
				t.Errorf("%s: %s has no line", file, name)
			}
		}
		for _, name := range told {
			if !slices.Contains(theirs, name) {
				t.Errorf("%s has no flag %s", file, name)
			}
		}
	}
}

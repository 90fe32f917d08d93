package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// tools names the commands: a configuration file has a section for each.
var tools = []string{"perf-gen", "perf-send", "perf-stats", "perf-plot"}

// configFlag is the flag --config. Its file has values for flags that neither the command line nor the environment set.
type configFlag string

// BeforeResolve implements kong's hook.
func (configFlag) BeforeResolve(k *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	path := string(ctx.FlagValue(trace.Flag).(configFlag))
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	values, err := section(text, k.Model.Name)
	if err != nil {
		return fmt.Errorf("--config: %s: %w", path, err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.ContainsFunc(k.Model.Flags, func(f *kong.Flag) bool { return f.Name == name && configurable(f) }) {
			return fmt.Errorf("--config: %s: %s has no flag %s", path, k.Model.Name, name)
		}
	}
	ctx.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if slices.ContainsFunc(flag.Envs, func(name string) bool { _, ok := os.LookupEnv(name); return ok }) {
			return nil, nil
		}
		return values[flag.Name], nil
	}))
	return nil
}

// section returns a command's section of a YAML or JSON file. Values are strings or lists of strings, as on the command
// line.
func section(text []byte, command string) (map[string]any, error) {
	sections := map[string]map[string]yaml.Node{}
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&sections); err != nil && !errors.Is(err, io.EOF) {
		if bad, ok := errors.AsType[*yaml.TypeError](err); ok {
			line, _, _ := strings.Cut(bad.Errors[0], ":")
			err = errors.New(line)
		}
		return nil, fmt.Errorf("want a section for each command, such as \"perf-send:\" with \"url: …\" below it: %w", err)
	}
	for name := range sections {
		if !slices.Contains(tools, name) {
			return nil, fmt.Errorf("there is no command %q: the sections are %s", name, strings.Join(tools, ", "))
		}
	}
	values := map[string]any{}
	for name, node := range sections[command] {
		v, err := value(&node)
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %s: %w", node.Line, command, name, err)
		}
		values[strings.ReplaceAll(name, "_", "-")] = v
	}
	return values, nil
}

// value converts a YAML value for a flag's decoder: a scalar as written, or a list of scalars.
func value(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return value(n.Alias)
	case yaml.ScalarNode:
		switch n.Tag {
		case "!!null":
			return nil, nil
		case "!!bool":
			var b bool
			err := n.Decode(&b)
			return b, err
		}
		return n.Value, nil
	case yaml.SequenceNode:
		var list []any
		for _, c := range n.Content {
			if c.Kind != yaml.ScalarNode {
				return nil, errors.New("want a value or a list of values")
			}
			list = append(list, c.Value)
		}
		return list, nil
	}
	return nil, errors.New("want a value or a list of values")
}

// configurable reports whether a file or the environment may set a flag: not if it only prints something.
func configurable(f *kong.Flag) bool {
	switch f.Name {
	case "help", "version", "man", "completion", "config":
		return false
	}
	return true
}

// environment adds the variable of each flag: PERF_SEND_URL for --url of perf-send. It takes precedence over a variable
// that the flag already has, such as OPENAI_API_KEY.
func environment(k *kong.Kong) error {
	prefix := strings.ToUpper(strings.ReplaceAll(k.Model.Name, "-", "_")) + "_"
	for _, f := range k.Model.Flags {
		if configurable(f) {
			name := prefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			f.Envs = slices.Insert(f.Envs, 0, name)
			f.Tag.Envs = f.Envs
		}
	}
	return nil
}

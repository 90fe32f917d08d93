package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/itchyny/gojq"
)

// jq is the part of jq that the scripts and documents use, so that the tests do not need it: -c, -r, -s, -e, -f FILE, a
// filter and files.
func jq(args []string) int {
	var raw, slurp, status, compact bool
	var words []string
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") {
			words = append(words, args[i])
			continue
		}
		for _, c := range args[i][1:] {
			switch c {
			case 'r':
				raw = true
			case 's':
				slurp = true
			case 'e':
				status = true
			case 'c':
				compact = true
			case 'f':
				i++
				b, err := os.ReadFile(args[i])
				if err != nil {
					return jqError(err)
				}
				words = append([]string{string(b)}, words...)
			default:
				return jqError(fmt.Errorf("unknown option -%c", c))
			}
		}
	}
	inputs, err := jqInputs(words[1:], slurp)
	if err != nil {
		return jqError(err)
	}
	query, err := gojq.Parse(words[0])
	if err != nil {
		return jqError(err)
	}
	var last any
	for _, in := range inputs {
		for iter := query.Run(in); ; {
			v, ok := iter.Next()
			if !ok {
				break
			}
			if err, bad := v.(error); bad {
				return jqError(err)
			}
			last = v
			jqPrint(v, raw, compact)
		}
	}
	if status && (last == nil || last == false) {
		return 1
	}
	return 0
}

func jqError(err error) int {
	fmt.Fprintln(os.Stderr, "jq:", err)
	return 5
}

func jqInputs(files []string, slurp bool) ([]any, error) {
	var all []any
	read := func(r io.Reader) error {
		for dec := json.NewDecoder(r); ; {
			var v any
			if err := dec.Decode(&v); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			all = append(all, v)
		}
	}
	if len(files) == 0 {
		if err := read(os.Stdin); err != nil {
			return nil, err
		}
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if err := read(f); err != nil {
			return nil, err
		}
	}
	if slurp {
		return []any{append([]any{}, all...)}, nil
	}
	return all, nil
}

func jqPrint(v any, raw, compact bool) {
	if s, ok := v.(string); ok && raw {
		fmt.Println(s)
		return
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	if !compact {
		enc.SetIndent("", "  ")
	}
	enc.Encode(v)
}

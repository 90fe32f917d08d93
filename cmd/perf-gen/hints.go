package main

// hint returns the next step for the reason of an error, or an empty string.
func hint(reason string) string { return hints[reason] }

var hints = map[string]string{
	"api-spec":      "docs/apis.md shows how to write one",
	"hub-or-folder": "give a folder or a file, or a hub's name with --data-source modelscope|huggingface",
}

package main

import (
	_ "embed"
	"strings"
	"sync"

	"perfpipe/internal/cli"
	"perfpipe/internal/load"
	"perfpipe/internal/schedule"
)

//go:embed hints.txt
var hintTable string

var hints = sync.OnceValue(func() map[string]string { return cli.ParseHints(hintTable) })

// hint returns what hints.txt has for the reason of an error or a message, or an empty string.
func hint(reason string) string {
	if reason == "unknown-arrival" {
		return strings.Join(schedule.Kinds(), ", ") + " or " + load.ArrivalTrace
	}
	return hints()[reason]
}

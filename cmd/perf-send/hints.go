package main

import (
	_ "embed"
	"strings"

	"perfpipe/internal/cli"
	"perfpipe/internal/load"
	"perfpipe/internal/schedule"
)

//go:embed hints.txt
var hintTable string

// hints returns the hint that hints.txt has for the reason of an error or a message, or an empty string.
func hints() func(reason string) string {
	table := cli.Hints(hintTable)
	return func(reason string) string {
		if reason == "unknown-arrival" {
			return strings.Join(schedule.Kinds(), ", ") + " or " + load.ArrivalTrace
		}
		return table(reason)
	}
}

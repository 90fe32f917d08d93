//go:build !linux

package client

// newFast has no way of its own on this system: net/http serves.
func newFast(cfg *Config, clock *Clock) transport { return newStandard(cfg, clock) }

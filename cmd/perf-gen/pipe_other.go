//go:build !linux

package main

import "io"

func widen(io.Writer) {}

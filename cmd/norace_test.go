//go:build !race

package cmd

const race = false

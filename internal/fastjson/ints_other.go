//go:build !amd64

package fastjson

const hasVectors = false

func appendVector[T int | int64](out []T, _ []byte) (all []T, size int) { return out, 0 }

package main

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	goVersion = regexp.MustCompile(`^v(\d+\.\d+\.\d+)(?:-(.+))?$`)
	pseudo    = regexp.MustCompile(`^(?:(.*)\.0\.|0\.)?(\d{14})-([0-9a-f]{12})$`)
	early     = regexp.MustCompile(`^(alpha|beta|rc)\.?(\d+)$`)
)

// pep440 returns Go's version of a module as Python writes versions: v1.2.0-rc.1 is 1.2.0rc1, and a commit without a
// tag, v1.2.1-0.20060102150405-abcdefabcdef, is 1.2.1.dev20060102150405+gabcdefabcdef.
func pep440(v string) (string, error) {
	m := goVersion.FindStringSubmatch(v)
	if m == nil {
		return "", fmt.Errorf("%s is not a version of Go", v)
	}
	version, rest, end := m[1], m[2], ""
	if p := pseudo.FindStringSubmatch(rest); p != nil {
		rest, end = p[1], ".dev"+p[2]+"+g"+p[3]
	}
	if rest == "" {
		return version + end, nil
	}
	e := early.FindStringSubmatch(rest)
	if e == nil {
		return "", fmt.Errorf("%s: Python has no version for %s", v, rest)
	}
	return version + strings.NewReplacer("alpha", "a", "beta", "b").Replace(e[1]) + e[2] + end, nil
}

package hub

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
)

// environment reads the hubs' environment variables.
type environment struct{ get func(string) string }

// first returns the first of the variables that is set.
func (e environment) first(names ...string) string {
	for _, n := range names {
		if v := strings.TrimSpace(e.get(n)); v != "" {
			return v
		}
	}
	return ""
}

// isTrue parses a switch as huggingface_hub does.
func (e environment) isTrue(name string) bool {
	switch strings.ToUpper(e.get(name)) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// offline returns the switch that forbids the network, or "".
func (e environment) offline(names ...string) string {
	for _, n := range names {
		if e.isTrue(n) {
			return n
		}
	}
	return ""
}

func (e environment) dir(name string) string {
	return os.Expand(expandHome(e.first(name), e.get), e.get)
}

// cacheHome is ~/.cache.
func (e environment) cacheHome() string { return filepath.Join(e.get("HOME"), ".cache") }

// hfHome returns HF_HOME, or huggingface below XDG_CACHE_HOME.
func (e environment) hfHome() string {
	if d := e.dir("HF_HOME"); d != "" {
		return d
	}
	return filepath.Join(cmp.Or(e.dir("XDG_CACHE_HOME"), e.cacheHome()), "huggingface")
}

// hfCache returns the folder in which huggingface_hub keeps repositories.
func (e environment) hfCache() string {
	return cmp.Or(e.dir("HF_HUB_CACHE"), e.dir("HUGGINGFACE_HUB_CACHE"), filepath.Join(e.hfHome(), "hub"))
}

// hfToken returns HF_TOKEN, or the token that `hf auth login` stored.
func (e environment) hfToken() string {
	if t := e.first("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"); t != "" || e.isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
		return t
	}
	b, err := os.ReadFile(cmp.Or(e.dir("HF_TOKEN_PATH"), filepath.Join(e.hfHome(), "token")))
	if err != nil {
		return "" // not logged in
	}
	return strings.TrimSpace(string(b))
}

// msCache returns the folder in which ModelScope's clients keep repositories.
func (e environment) msCache() string {
	return cmp.Or(e.dir("MODELSCOPE_CACHE"), e.dir("MS_CACHE_HOME"), filepath.Join(e.cacheHome(), "modelscope"))
}

// endpoint returns the first of the variables, with a scheme and without a trailing slash.
func (e environment) endpoint(def string, names ...string) string {
	v := e.first(names...)
	if v == "" {
		v = def
	}
	if !strings.Contains(v, "://") {
		v = "https://" + v
	}
	return strings.TrimRight(v, "/")
}

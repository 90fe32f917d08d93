package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"llmperf/internal/hub"
	"llmperf/internal/tokenizer"
)

// vocabulary gives the place of the vocabulary that a flag names: itself, or where a hub's files are after they were
// downloaded.
func vocabulary(ctx context.Context, name string, opt hub.Options) (string, error) {
	if _, err := os.Stat(name); err == nil || !strings.Contains(name, "/") || opt.Source == hub.Local {
		return name, nil
	}
	if _, err := tokenizer.Open(ctx, name); err == nil { // FILE:ENCODING
		return name, nil
	}
	repo, err := hub.Open(name, hub.Model, opt)
	if err != nil {
		return "", err
	}
	first := ""
	for _, file := range tokenizer.Files() {
		paths, err := repo.Files(ctx, file)
		switch {
		case err == nil && first == "" && len(paths) > 0:
			first = paths[0]
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
	}
	if first == "" {
		return "", errors.New("--tokenizer-path " + name + ": there is no vocabulary in it")
	}
	return filepath.Dir(first), nil
}

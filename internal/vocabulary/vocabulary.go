// Package vocabulary finds the vocabulary that --tokenizer-path names: one within the program, a file, a folder, or a
// repository of a hub.
package vocabulary

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"llmperf/internal/hub"
	"llmperf/internal/tokenizer"
)

// Find gives what tokenizer.Open takes: name itself, or where a hub's files are after they were downloaded.
func Find(ctx context.Context, name string, opt hub.Options) (string, error) {
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
		case err != nil && first == "" && !errors.Is(err, fs.ErrNotExist):
			return "", err // without what comes after the first a vocabulary may do, so what a hub that is away has of it
		}
	}
	if first == "" {
		return "", fmt.Errorf("--tokenizer-path %s: there is no vocabulary in it", name)
	}
	return filepath.Dir(first), nil
}

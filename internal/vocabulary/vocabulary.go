// Package vocabulary finds the vocabulary that a user names: an embedded one, a file, a folder, or a repository of a
// hub.
package vocabulary

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"perfpipe/internal/fault"
	"perfpipe/internal/hub"
	"perfpipe/internal/tokenizer"
	"perfpipe/internal/tokenizer/chattemplate"
)

// Find returns the argument for tokenizer.Open: name itself, or the path of the downloaded files.
func Find(ctx context.Context, name string, opt hub.Options) (string, error) {
	if _, err := os.Stat(name); err == nil || !strings.Contains(name, "/") || opt.Source == hub.Local {
		return name, nil
	}
	if i := strings.LastIndexByte(name, ':'); i > 0 { // FILE:ENCODING
		if _, err := os.Stat(name[:i]); err == nil {
			return name, nil
		}
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
			return "", err // only the first file is required, so a copy in the cache suffices if the hub is unreachable
		}
	}
	for _, file := range tokenizer.Fallbacks() {
		if first != "" {
			break
		}
		if paths, err := repo.Files(ctx, file); err == nil && len(paths) > 0 {
			first = paths[0]
		}
	}
	if first == "" {
		return "", fmt.Errorf("%s: it has no vocabulary", name)
	}
	return filepath.Dir(first), nil
}

// Open opens the tokenizer with the vocabulary that Find finds.
func Open(ctx context.Context, name string, opt hub.Options) (tokenizer.Tokenizer, error) {
	found, err := Find(ctx, name, opt)
	if err != nil {
		return nil, err
	}
	return tokenizer.Open(ctx, found)
}

// OpenTemplate opens the chat template beside a vocabulary: given is what the user named, and found what Find returned
// for it. An error is a *fault.Error.
func OpenTemplate(given, found string) (*chattemplate.Template, error) {
	if given == "" {
		return nil, wrong("name the model's folder or repository", "a chat template is needed, and no model is named")
	}
	t, err := tokenizer.OpenTemplate(found)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, wrong("name the folder of a chat model, or put its chat_template.jinja beside the vocabulary",
			"%s: there is no chat template with it", given)
	}
	return t, Fault(err)
}

// setting is what the errors are about.
const setting = "tokenizer-path"

func wrong(hint, format string, args ...any) error {
	return &fault.Error{Code: fault.CodeUsage, Err: fmt.Errorf(format, args...), Hint: hint, Setting: setting}
}

// Fault adds a hint to an error of Find or of the tokenizer, and that it is about the setting tokenizer-path.
func Fault(err error) error {
	var own *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return &fault.Error{Code: own.Code, Err: own.Err, Hint: own.Hint, Setting: setting, Reason: own.Reason}
	}
	return &fault.Error{Code: fault.CodeFail, Err: err, Hint: tokenizer.Hint(err), Setting: setting}
}

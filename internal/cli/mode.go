package cli

import (
	"fmt"
	"os"
	"strconv"

	"github.com/alecthomas/kong"
)

// ModeFlag is embedded in the flags of commands whose files may contain prompts or answers.
type ModeFlag struct {
	Mode Mode `group:"output" placeholder:"MODE" help:"Permissions of the files written, such as 0640, or umask for those that the umask leaves. Default: 0600, since they may hold prompts."`
}

// Mode holds the permissions of new files. The zero value leaves them to the umask.
type Mode struct {
	perm os.FileMode // 0 for those of the umask
	set  bool        // set by --mode
}

// Decode implements kong.MapperValue.
func (m *Mode) Decode(ctx *kong.DecodeContext) error {
	var word string
	if err := ctx.Scan.PopValueInto("mode", &word); err != nil {
		return err
	}
	if word == "umask" {
		*m = Mode{set: true}
		return nil
	}
	n, err := strconv.ParseUint(word, 8, 32)
	if err != nil || n > 0o777 || n&0o600 != 0o600 {
		const want = "umask nor permissions such as 0600 or 0644, which let the owner read and write"
		return fmt.Errorf("%q is neither "+want, word)
	}
	*m = Mode{os.FileMode(n), true}
	return nil
}

// Private returns m, or if --mode is not set, permissions for files that may contain prompts: only their owner can
// read them.
func (m Mode) Private() Mode {
	if m.set {
		return m
	}
	return Mode{perm: 0o600}
}

// CreateNew creates a file that does not exist yet.
func (m Mode) CreateNew(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, m.Perm())
	if err != nil {
		return nil, err
	}
	if err := m.Set(file); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// CreateEmpty creates an empty file that does not exist yet.
func (m Mode) CreateEmpty(path string) error {
	file, err := m.CreateNew(path)
	if err != nil {
		return err
	}
	return file.Close()
}

// Perm returns the permissions to create a file with.
func (m Mode) Perm() os.FileMode {
	if m.perm == 0 {
		return 0o666
	}
	return m.perm
}

// Set sets the permissions of a file that was created with Perm, independent of the umask.
func (m Mode) Set(f *os.File) error {
	if m.perm == 0 {
		return nil
	}
	return f.Chmod(m.perm)
}

// Package cli is the frame of the four commands: streams, signals, exit codes, flags, and messages that consist of one
// fact and one hint.
//
// It exports more than 20 names because each form of a flag's value, such as a list of numbers, is a type.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"perfpipe/internal/fault"
	"perfpipe/internal/partial"
	"perfpipe/internal/visible"
)

// Env is a command's environment: all that it may touch of the world, so that tests can replace it.
type Env struct {
	Name    string
	Args    []string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Signals <-chan os.Signal // SIGINT, SIGTERM and SIGHUP

	TTY       bool // Stderr is a terminal
	StdinTTY  bool // Stdin is a terminal: the user types, or has forgotten the input
	StdoutTTY bool // Stdout is a terminal

	Mode Mode // permissions of the files that Create creates

	Hints func(reason string) string // returns the hint for the reason of a fault.Error, or ""; may be nil

	Flags []string // names of the flags on the command line, which Parse found
	typed []*kong.Flag
}

// Say writes one fact to stderr.
func (e *Env) Say(format string, args ...any) {
	fmt.Fprintln(e.Stderr, visible.Text(e.Name+": "+fmt.Sprintf(format, args...)))
}

// Hint writes the next step to stderr.
func (e *Env) Hint(format string, args ...any) {
	fmt.Fprintln(e.Stderr, visible.Text("hint: "+fmt.Sprintf(format, args...)))
}

// Tell writes a fact about a setting, whose flag it names, and the hint for a reason. Both may be empty.
func (e *Env) Tell(setting, reason, format string, args ...any) {
	e.Say("%s", flagged(setting)+fmt.Sprintf(format, args...))
	if hint := e.hint(reason); hint != "" {
		e.Hint("%s", hint)
	}
}

// flagged returns the flag of a setting as the beginning of a message, or "" if there is none. Of two settings, such as
// "search and profile", it returns both flags.
func flagged(setting string) string {
	if setting == "" {
		return ""
	}
	if first, second, two := strings.Cut(setting, " and "); two && !strings.Contains(first, " ") { // not in a value
		setting = first + " and --" + second
	}
	return "--" + setting + ": "
}

// hint returns the command's hint for a reason, or "".
func (e *Env) hint(reason string) string {
	if reason == "" || e.Hints == nil {
		return ""
	}
	return e.Hints(reason)
}

// Main runs a command on the streams of the process and returns its exit code.
func Main(name string, run func(*Env) error) int {
	sig := make(chan os.Signal, 2)
	signal.Notify(sig, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it, and still does
		signal.Notify(sig, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE) // writes to a closed pipe return EPIPE, which ends the run in good order
	log.SetOutput(io.Discard)      // net/http logs there, in full, what a server sends to an idle connection
	e := &Env{
		Name: name, Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Signals: sig, TTY: IsTerminal(os.Stderr), StdinTTY: IsTerminal(os.Stdin), StdoutTTY: IsTerminal(os.Stdout),
	}
	return e.Exit(run(e))
}

// Exit prints err, with its hint if it has one, and returns its exit code. It does so for each of several errors that
// are joined, and returns the first code that is not 0.
func (e *Env) Exit(err error) int {
	if list := joined(err); list != nil {
		code := fault.CodeOK
		for _, err := range list {
			code = cmp.Or(code, e.Exit(err))
		}
		return code
	}
	var ce *fault.Error
	switch {
	case err == nil || errors.Is(err, errDone) || readerGone(err):
		return fault.CodeOK
	case errors.Is(err, fault.ErrInterrupted):
		return fault.CodeInterrupted
	case errors.As(err, &ce):
		e.Say("%s%v", flagged(ce.Setting), err)
		if hint := cmp.Or(strings.Replace(e.hint(ce.Reason), "%s", ce.Hint, 1), ce.Hint); hint != "" {
			e.Hint("%s", hint)
		}
		return ce.Code
	}
	e.Say("%v", err)
	return fault.CodeFail
}

var errDone = errors.New("done")

// joined returns the errors that errors.Join has joined in err, or nil.
func joined(err error) []error {
	if j, ok := err.(interface{ Unwrap() []error }); ok && err.Error() == errors.Join(j.Unwrap()...).Error() {
		return j.Unwrap() // and no text around them
	}
	return nil
}

// readerGone reports whether err means that the reader of stdout has exited, which is no failure. An error about a
// setting is about that one's file, unless it names stdout.
func readerGone(err error) bool {
	about, ok := errors.AsType[*fault.Error](err)
	if !ok || about.Setting == "" {
		return fault.IsBrokenPipe(err)
	}
	file, ok := errors.AsType[*fs.PathError](err)
	return ok && file.Path == os.Stdout.Name() && fault.IsBrokenPipe(err)
}

// Context returns a context that the first signal cancels with cause fault.ErrInterrupted. Stop releases it.
func (e *Env) Context() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		select {
		case <-e.Signals:
			cancel(fault.ErrInterrupted)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// Groups returns an option with the headings of --help, the manual page and the completions, in this order. Flags
// without a group come first.
func Groups(groups ...kong.Group) kong.Option {
	place := func(f *kong.Flag) int {
		if f.Group == nil {
			return -1
		}
		return slices.IndexFunc(groups, func(g kong.Group) bool { return g.Key == f.Group.Key })
	}
	return kong.OptionFunc(func(k *kong.Kong) error {
		if err := kong.ExplicitGroups(groups).Apply(k); err != nil {
			return err
		}
		return kong.PostBuild(func(k *kong.Kong) error {
			slices.SortStableFunc(k.Model.Flags, func(a, b *kong.Flag) int { return place(a) - place(b) })
			return nil
		}).Apply(k)
	})
}

// VersionFlag is embedded in every command's flags.
type VersionFlag struct {
	Version    kong.VersionFlag `help:"Print the version and exit."`
	Man        manFlag          `help:"Print the manual page and exit: ${command} --man | man -l -"`
	Completion completionFlag   `placeholder:"SHELL" help:"Print the completion of bash, zsh or fish and exit."`
	Config     configFlag       `placeholder:"FILE" help:"Read flags from a YAML or JSON file with a section for each command."`
}

// Version returns the module's version as recorded in the build.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// Input opens path, or stdin for - and "", and applies open to it, such as jsonl.Decompress. The name is for messages.
func (e *Env) Input(
	path string, open func(io.Reader) (io.Reader, error),
) (r io.Reader, name string, close func(), err error) {
	src, name, close := e.Stdin, "stdin", func() {}
	if IsStd(path) {
		path = "-"
		WidenPipe(e.Stdin)
		if e.StdinTTY {
			e.Say("reading from the terminal: end with Ctrl-D, or name a file")
		}
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, "", nil, fault.Fail(underWay(path, err), "%w", err)
		}
		src, name, close = f, path, func() { f.Close() }
	}
	if r, err = open(src); err != nil {
		close()
		return nil, "", nil, fault.WithFileHint(fault.Fail("", "%s: %w", name, err), path)
	}
	return r, name, close, nil
}

// underWay returns a hint for a file that cannot be opened because the run that writes it has not ended, or "".
func underWay(path string, err error) string {
	written := path + partial.Suffix
	if _, other := os.Stat(written); other != nil || !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return written + " exists: its run is under way, or was killed"
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Columns returns the width of a terminal, or 0 if the stream is not one.
func Columns(stream any) int {
	if !IsTerminal(stream) {
		return 0
	}
	width, _, _ := term.GetSize(int(stream.(*os.File).Fd())) // 0 if unknown
	return width
}

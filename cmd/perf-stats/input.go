package main

import (
	"context"
	"io"

	"perfpipe/internal/cli"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/live"
	"perfpipe/internal/stats"
)

// read feeds the files to stream; "-" is stdin. It reports skipped lines, and files without records among the inputs.
// With --follow on a terminal, it waits at the end of a single file for more.
func (f *flags) read(ctx context.Context, env *cli.Env, stream *stats.Stream, files ...string) error {
	defer func() {
		if n, first := stream.Skipped(); n > 0 {
			env.Say("skipped %d bad lines; the first: %v", n, first)
		}
	}()
	open := func(r io.Reader) (io.Reader, error) {
		if f.Follow && env.TTY && len(files) == 1 {
			r = live.Tail(ctx, r)
		}
		return jsonl.Lazy(r), nil
	}
	for _, file := range files {
		file, err := facts.Records(file)
		if err != nil {
			return fault.Fail("", "%w", err)
		}
		r, name, close, err := env.Input(file, open)
		if err != nil {
			return err
		}
		err = stream.Read(ctx, r, name)
		close()
		switch {
		case jsonl.Damaged(err):
			env.Say("%v: what could be read counts", err)
		case err != nil:
			return err
		case stream.Empty() && len(f.Files) > 1:
			env.Say("%s has no records", name)
		}
	}
	return nil
}

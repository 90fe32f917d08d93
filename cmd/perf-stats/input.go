package main

import (
	"context"
	"errors"
	"io"

	"perfpipe/internal/cli"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/stats"
)

// read feeds the files to stream; "-" is stdin.
func read(ctx context.Context, env *cli.Env, stream *stats.Stream, files []string) error {
	for _, file := range files {
		file, err := facts.Records(file)
		if err != nil {
			return fault.Fail("", "%w", err)
		}
		r, name, close, err := env.Input(file, func(r io.Reader) (io.Reader, error) { return &lazy{src: r}, nil })
		if err != nil {
			return err
		}
		err = stream.Read(ctx, r, name)
		close()
		if bad, whole := new(jsonl.LineError), new(stats.SummaryError); errors.As(err, &bad) && !errors.As(err, &whole) {
			return fault.Fail("--on-bad-line skip leaves such lines out", "%w", err)
		}
		if jsonl.Damaged(err) {
			env.Say("%v: what could be read counts", err)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lazy detects gzip or zstd at the first Read, so that Ctrl-C works before stdin has data.
type lazy struct{ src, r io.Reader }

func (l *lazy) Read(p []byte) (n int, err error) {
	if l.r == nil {
		if l.r, err = jsonl.Decompress(l.src); err != nil {
			return 0, err
		}
	}
	return l.r.Read(p)
}

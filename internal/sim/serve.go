package sim

import (
	"context"
	"net/url"
	"time"
)

// closeTimeout is how long requests in flight may take to end when a simulator ends.
const closeTimeout = time.Second

// Serve starts a Server on addr, whose port 0 is a free one, and returns its URL. The Server writes to truth, unless
// that is nil. Stop aborts the requests that do not end soon, completes truth, and returns the first error of truth.
func Serve(cfg Config, addr string, truth *TruthFile) (base *url.URL, stop func() error, err error) {
	var write func(Truth)
	end := func() error { return nil }
	if truth != nil {
		write, end = truth.Write, truth.Close
	}
	server := New(cfg, write)
	text, err := server.Start(addr)
	if err != nil {
		end()
		return nil, nil, err
	}
	base, err = url.Parse(text)
	return base, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		server.Close(ctx) // truth has the requests that this aborts
		return end()
	}, err
}

// Package bench runs a benchmark from its first request line to its verdict.
//
// [Run] starts or awaits the server, reads request lines ahead, sends the load points, or those that a search chooses,
// and writes the records, the metrics of the server and the facts of the run. The packages below each do one of these;
// bench connects them.
//
// It names no flags. A message is about a setting and has a reason, for which the command knows the flag and the hint;
// so is an error, which is a *fault.Error.
package bench

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"time"

	"perfpipe/internal/client"
	"perfpipe/internal/clock"
	"perfpipe/internal/facts"
	"perfpipe/internal/hub"
	"perfpipe/internal/launch"
	"perfpipe/internal/load"
	"perfpipe/internal/otlp"
	"perfpipe/internal/partial"
	"perfpipe/internal/ready"
	"perfpipe/internal/search"
	"perfpipe/internal/sim"
)

// Config describes a run.
type Config struct {
	Client client.Config // of the load; without a URL, Server is started
	Server Server
	Ready  time.Duration // how long to wait for servers that are still starting
	Test   bool          // send a test request before the load

	Points     []load.Point
	Search     Search // which chooses the points instead
	Limits     search.Limits
	Duration   time.Duration               // of a load point; 0: no limit
	Pause      time.Duration               // between two load points
	Between    func(context.Context) error // is called before each pause; may be nil
	Preconnect bool
	MaxConns   int           // connections; 0: as many as the limit of open files allows
	Grace      time.Duration // for the requests in flight, once ctx has ended

	Shard    load.Shard
	StartAt  string // when the first request is due, as shard.StartTime reads it; "": as soon as possible
	RunID    string // "": one that the shards of a run share, or a random one
	ClockRef string // URL of a server with whose clock this one is compared; "": that of a shard with its server

	Input     Input
	Sessions  load.SessionOptions
	Spans     *otlp.Exporter // gets the records; nil: there is none, or that of Output.Spans
	Output    Output
	Metrics   Metrics
	Tokenizer Tokenizer
	Strict    bool // the run fails unless its figures can be trusted
	Progress  Progress
	Facts     func() facts.Facts // returns what is known when the load starts

	Say  func(format string, args ...any) // writes a fact
	Hint func(format string, args ...any) // writes the next step
	// Tell writes a fact about a setting, and the next step for a reason. Both may be empty.
	Tell func(setting, reason, format string, args ...any)
}

// Server describes the server to start: the simulator, unless Launch has an API.
type Server struct {
	Launch launch.Config
	Hub    hub.Options // from whose Source, if it is set, the weights are downloaded
	Sim    sim.Config
	Truth  string // file of what the simulator did; "": none
}

// Input describes the request lines.
type Input struct {
	io.Reader
	Name  string                                           // for messages
	Cycle bool                                             // repeat the lines without end
	Skip  bool                                             // lines that are not requests
	Label func(labels map[string]string) map[string]string // returns the labels of a request
	Limit int                                              // requests of each session; 0: all
}

// Output describes the files of a run. Paths may be empty: Records is stdout then, and the others are not written. In
// Folder, they get a folder of this run.
type Output struct {
	Folder   string // in which a folder is created for all files of this run that have no path
	Records  string
	Resume   bool // Records is that of an earlier run, to be continued
	Counted  bool // the records are counted only
	Facts    string
	Spans    string // for OpenTelemetry
	Terminal bool   // messages go to a terminal

	Create    func(path string) *partial.File // returns a file that appears when it is complete
	Continue  func(path string) *partial.File // is like Create, but appends to what a run that was cut short left
	CreateNew func(path string) (*os.File, error)
	Write     func(path string, text []byte) error // writes a complete file
}

// Tokenizer names the tokenizer that counts tokens if the server does not.
type Tokenizer struct {
	Name string // as vocabulary.Open reads it; "": none
	Hub  hub.Options
}

// Progress describes how the progress of a run is shown.
type Progress struct {
	Every  int                            // write a line after this number of requests; 0: never
	Quiet  bool                           // write no other lines
	Status func() (set func(text string)) // takes the last line of the terminal; nil: there is none
}

// Run runs a benchmark. The end of ctx ends the sending, that of abort cancels the requests in flight.
func Run(ctx, abort context.Context, cfg Config) (err error) {
	r := &runner{Config: cfg}
	defer r.closeFiles()
	err = r.check()
	if err == nil {
		err = r.openTokenizer(ctx)
	}
	if err == nil {
		err = r.openFiles()
	}
	if err != nil {
		return err
	}
	r.reportFewFiles()
	ctx, srv, err := r.start(ctx)
	if err != nil {
		return err
	}
	defer func() {
		ended := srv.close()
		if err != nil && !r.simulates() { // the server's death may be why the run ended
			ended = nil
		}
		err = errors.Join(err, ended, r.writeFacts())
	}()
	clk := clock.New()
	r.client = client.New(r.clientConfig(srv), clk)
	defer r.client.Close()
	if err := r.await(ctx, append([]*url.URL{srv.url}, r.Client.More...)); err != nil {
		return err
	}
	stopSampling, err := r.sample(ctx, srv.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopSampling()) }()
	r.report.begin(cfg.Facts(), cfg.Shard)
	if err := r.compareClocks(ctx, srv.url); err != nil {
		return err
	}
	closeSpans, err := r.openSpans()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeSpans()) }()
	return r.run(ctx, abort, clk)
}

// clientConfig returns the configuration of the client for a server.
func (r *runner) clientConfig(srv *server) client.Config {
	c := r.Client
	c.URL, c.Served, c.Simulated = srv.url, srv.model, r.simulates()
	c.SaveOutput = c.SaveOutput || r.tokenizer != nil // which counts its tokens
	if !r.Search.adaptive() {                         // a search begins with few slots
		c.Batch = client.Batching(r.Points)
	}
	return c
}

// await waits for servers that are still starting, and reports the way to them.
func (r *runner) await(ctx context.Context, servers []*url.URL) error {
	if err := r.reportRoute(servers); err != nil {
		return err
	}
	r.ready = ready.NewWaiter(r.Ready, r.Say)
	return notReady(r.ready.Servers(ctx, r.client.Pages(nil), servers))
}

// Package sim simulates an LLM engine behind a real HTTP server. It speaks the OpenAI protocol, queues and streams like
// an engine, and records for each request what happened, against which a measurement can be compared.
package sim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"perfpipe/internal/clock"
	"perfpipe/internal/rxtime"
)

// Truth describes what happened to one request, by the server's clock. Instants (*_us) are integer microseconds since
// the epoch, on one monotonic clock; they are taken after the bytes were handed to the system. ArrivedUs is the
// kernel's time: it does not contain how long the server took to read the request.
type Truth struct {
	Seq              int64   `json:"seq"` // from 0, in the order in which the bodies were read
	ID               string  `json:"id,omitempty"`
	Path             string  `json:"path"`
	Stream           bool    `json:"stream"`
	PromptTokens     int     `json:"prompt_tokens"`
	CachedTokens     int     `json:"cached_tokens,omitempty"`
	CompletionTokens int     `json:"completion_tokens"`
	Status           int     `json:"status"`
	ArrivedUs        int64   `json:"arrived_us,omitempty"` // when the kernel had received the request; 0: not known
	ReadUs           int64   `json:"read_us"`              // when the body had been read
	QueueMs          float64 `json:"queue_ms"`
	FirstUs          int64   `json:"first_us,omitempty"`
	ChunkUs          []int64 `json:"chunk_us,omitempty"` // one for each token streamed
	EndUs            int64   `json:"end_us"`
	Aborted          bool    `json:"aborted,omitempty"` // the client went away
}

// Server is the engine.
type Server struct {
	cfg   Config
	times dialect
	line  line
	cache *cache // nil: there is none
	http  *http.Server
	clock *clock.Clock
	truth func(Truth)

	mu     sync.Mutex
	idle   *sync.Cond // active has become 0
	seq    int64
	active int

	observed observed
}

// New returns an engine. It calls truth, unless that is nil, with each request that has ended, one call at a time and
// not after Close.
func New(cfg Config, truth func(Truth)) *Server {
	def := Default()
	if cfg.Slots < 1 {
		cfg.Slots = def.Slots
	}
	if cfg.Tokens < 1 {
		cfg.Tokens = def.Tokens
	}
	if cfg.Model == "" {
		cfg.Model = def.Model
	}
	if cfg.Count == nil {
		cfg.Count = func(s string) int { return len(strings.Fields(s)) }
	}
	s := &Server{cfg: cfg, line: line{free: cfg.Slots}, cache: newCache(cfg.Cache), clock: clock.New(), truth: truth}
	s.times, _ = dialectNamed(cfg.Times) // the zero dialect reports nothing
	s.idle = sync.NewCond(&s.mu)
	s.http = &http.Server{Handler: s.Handler(), ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, c)
	}}
	return s
}

// Handler returns the engine without its listener.
func (s *Server) Handler() http.Handler {
	mux, created := http.NewServeMux(), s.nowUs()/1e6
	mux.HandleFunc("POST /v1/chat/completions", s.generate(true))
	mux.HandleFunc("POST /v1/completions", s.generate(false))
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": []any{
			map[string]any{"id": s.cfg.Model, "object": "model", "created": created, "owned_by": "perfpipe"},
		}})
	})
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"status": "ok"})
	})
	mux.HandleFunc("GET /metrics", s.metrics)
	s.items(mux)
	s.native(mux)
	return mux
}

// Start listens on addr, whose port 0 is a free one, and serves in the background.
func (s *Server) Start(addr string) (url string, err error) {
	l, err := rxtime.Listen(addr)
	if err != nil {
		return "", err
	}
	go s.http.Serve(l) // ends with ErrServerClosed; a listener on loopback has no other end to report
	return "http://" + l.Addr().String(), nil
}

// Close waits for the requests in flight until ctx is done and then aborts them. It returns after the last call of
// truth.
func (s *Server) Close(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.active > 0 {
		s.idle.Wait()
	}
	return err
}

func (s *Server) nowUs() int64 { return s.clock.Now().Micros() }

func (s *Server) begin() {
	s.mu.Lock()
	s.active++
	s.mu.Unlock()
}

// end reports the truth of a request under the lock, so that truth needs none of its own.
func (s *Server) end(t *Truth) {
	t.EndUs = s.nowUs()
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Status == http.StatusOK && !t.Aborted {
		s.observed.add(t)
	}
	if s.truth != nil {
		s.truth(*t)
	}
	if s.active--; s.active == 0 {
		s.idle.Broadcast()
	}
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

// job is a parsed request.
type job struct {
	ask    ask
	chat   bool
	answer func(*generation) error // writes it; an error is a client that went away
}

// serve handles a request from its arrival to its truth. Parse reads its body.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, parse func(body []byte) (job, error)) {
	s.begin()
	t := Truth{ID: r.Header.Get("X-Request-Id"), Path: r.URL.Path, Status: http.StatusOK}
	defer s.end(&t)
	body, err := io.ReadAll(r.Body)
	read := time.Now()
	t.ReadUs = s.clock.At(read).Micros()
	if c, ok := r.Context().Value(connKey{}).(*rxtime.Conn); ok {
		if at, _, known := s.clock.Received(read, c.Received()); known {
			t.ArrivedUs = at.Micros()
		}
	}
	s.mu.Lock()
	t.Seq = s.seq
	s.seq++
	s.mu.Unlock()
	if err != nil { // the client went away while it sent the body
		t.Status, t.Aborted = http.StatusBadRequest, true
		return
	}
	j, err := parse(body)
	t.Stream, t.PromptTokens = j.ask.Stream, j.ask.promptTokens
	if err != nil {
		t.Status = http.StatusBadRequest
		writeError(w, t.Status, "invalid_request_error", err.Error())
		return
	}
	rng := rand.New(rand.NewPCG(s.cfg.Seed, uint64(t.Seq)))
	if rng.Float64() < s.cfg.ErrorRate {
		t.Status = http.StatusInternalServerError
		writeError(w, t.Status, "internal_server_error", "injected by the simulator's error-rate")
		return
	}
	entered := s.line.enter(r.Context())
	start := time.Now()
	t.QueueMs = float64(start.Sub(read).Microseconds()) / 1000
	if !entered {
		t.Aborted = true
		return
	}
	defer s.line.leave()
	g := &generation{
		s: s, w: w, ctx: r.Context(), ask: j.ask, chat: j.chat, truth: &t, start: start, rng: rng, timer: time.NewTimer(0),
		spent: spent{queue: start.Sub(read), prompt: j.ask.promptTokens, tokens: j.ask.tokens},
	}
	defer g.timer.Stop()
	g.lookUp()
	t.Aborted = j.answer(g) != nil
}

// generate answers a chat or a completion.
func (s *Server) generate(chat bool) http.HandlerFunc {
	parse := func(body []byte) (job, error) {
		a, err := s.cfg.parseAsk(body, chat)
		if a.Stream {
			return job{a, chat, (*generation).stream}, err
		}
		return job{a, chat, (*generation).whole}, err
	}
	return func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, parse) }
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(b)
	return err
}

func writeError(w http.ResponseWriter, status int, kind, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{"message": message, "type": kind, "code": status}})
}

// line is the first-come, first-served queue for the slots. (A buffered channel does not promise that order, on which
// the knee of a sweep depends.)
type line struct {
	mu      sync.Mutex
	free    int
	waiting []chan struct{} // closed when the slot is handed over
}

// enter waits for a slot. It returns false if ctx ended first.
func (l *line) enter(ctx context.Context) bool {
	l.mu.Lock()
	if l.free > 0 {
		l.free--
		l.mu.Unlock()
		return true
	}
	turn := make(chan struct{})
	l.waiting = append(l.waiting, turn)
	l.mu.Unlock()
	select {
	case <-turn:
		return true
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, w := range l.waiting {
		if w == turn {
			l.waiting = append(l.waiting[:i], l.waiting[i+1:]...)
			return false
		}
	}
	l.pass() // handed over at the moment when the client went away
	return false
}

func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass()
}

func (l *line) pass() {
	if len(l.waiting) == 0 {
		l.free++
		return
	}
	close(l.waiting[0])
	l.waiting = l.waiting[1:]
}

package http1

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// answer is how an address answers: after a time, with an error or a connection.
type answer struct {
	after time.Duration
	err   error
}

const never = time.Hour

var errRefusedThere = errors.New("refused")

// An address that does not answer, or fails, delays a connection by no more than attemptDelay.
func TestRace(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		answers []answer
		limit   time.Duration
		winner  int // -1: none
		took    time.Duration
		err     error
	}{
		{"the only one", []answer{{after: 900 * ms}}, never, 0, 900 * ms, nil},
		{"the first is quick", []answer{{after: 10 * ms}, {}}, never, 0, 10 * ms, nil},
		{"the first is dead", []answer{{after: never}, {after: 10 * ms}}, never, 1, 260 * ms, nil},
		{"the first is slow, and quicker than the second", []answer{{after: 300 * ms}, {after: 100 * ms}}, never, 0, 300 * ms, nil},
		{"the first refuses", []answer{{10 * ms, errRefusedThere}, {after: 10 * ms}}, never, 1, 20 * ms, nil},
		{"two are dead", []answer{{after: never}, {after: never}, {}}, never, 2, 500 * ms, nil},
		{"the first is dead, the second refuses", []answer{{after: never}, {0, errRefusedThere}, {}}, never, 2, 250 * ms, nil},
		{"all refuse", []answer{{10 * ms, errRefusedThere}, {10 * ms, errRefusedThere}}, never, -1, 20 * ms, errRefusedThere},
		{"all are dead", []answer{{after: never}, {after: never}}, time.Second, -1, time.Second, context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { raceOf(t, c.answers, c.limit, c.winner, c.took, c.err) })
		})
	}
}

func raceOf(t *testing.T, answers []answer, limit time.Duration, winner int, took time.Duration, want error) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	conns := make([]net.Conn, len(answers))
	targets := make([]string, len(answers))
	for i := range answers {
		conns[i], _ = net.Pipe()
		targets[i] = fmt.Sprint(i)
	}
	begin := time.Now()
	nc, err := race(ctx, targets, func(ctx context.Context, target string) (net.Conn, error) {
		i := slices.Index(targets, target)
		select {
		case <-time.After(answers[i].after):
			return conns[i], answers[i].err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	if !errors.Is(err, want) || (err == nil) != (winner >= 0) || err == nil && nc != conns[winner] {
		t.Errorf("got connection %d, %v", slices.Index(conns, nc), err)
	}
	if got := time.Since(begin); got != took {
		t.Errorf("it took %v, want %v", got, took)
	}
}

// Connections to a host with several addresses are spread evenly, in whatever order the DNS returns these, and however
// many hosts there are.
func TestInTurn(t *testing.T) {
	said := ""
	d := &Dialer{Say: func(format string, args ...any) { said += fmt.Sprintf(format, args...) + "\n" }}
	addrs := func(texts ...string) (list []netip.Addr) {
		for _, a := range texts {
			list = append(list, netip.MustParseAddr(a))
		}
		return list
	}
	for i, want := range []string{
		"[10.0.0.1 10.0.0.2 10.0.0.3]", "[10.0.0.2 10.0.0.3 10.0.0.1]", "[10.0.0.3 10.0.0.1 10.0.0.2]",
		"[10.0.0.1 10.0.0.2 10.0.0.3]",
	} {
		list := addrs("10.0.0.1", "10.0.0.2", "10.0.0.3")
		list = slices.Concat(list[2-i%3:], list[:2-i%3]) // a server that takes turns itself, the other way round
		if got := fmt.Sprint(d.inTurn("a", list)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		d.inTurn("localhost", addrs("::1", "127.0.0.1"))
	}
	mixed := addrs("::ffff:10.0.0.9", "fd00::1", "10.0.0.8", "fd00::2", "fd00::3")
	if got := fmt.Sprint(d.inTurn("b", mixed)); got != "[10.0.0.8 fd00::1 10.0.0.9 fd00::2 fd00::3]" {
		t.Errorf("two families: %s", got)
	}
	const want = "a has 3 addresses: connections are opened to each in turn\n" +
		"b has 2 addresses: connections are opened to each in turn\n"
	if said != want {
		t.Errorf("said %q", said)
	}
}

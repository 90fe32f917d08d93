package rxtime

import (
	"io"
	"net"
	"testing"
	"time"
)

// The time of bytes is when they were received, however late they are read.
func TestReceived(t *testing.T) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := accepted.(*Conn)
	defer c.Close()
	if c.Received() != 0 {
		t.Error("a time of no bytes")
	}
	b := make([]byte, 8)
	for _, text := range []string{"one", "two"} {
		if _, err := io.WriteString(client, text); err != nil {
			t.Fatal(err)
		}
		sent := time.Now().UnixNano() // on loopback, writing is receiving
		time.Sleep(20 * time.Millisecond)
		begun := time.Now().UnixNano()
		n, err := c.Read(b)
		if err != nil || string(b[:n]) != text {
			t.Fatalf("read %q, %v", b[:n], err)
		}
		if at := c.Received(); at == 0 || at > sent || at >= begun {
			t.Errorf("%q: received at %d, written before %d, read from %d", text, at, sent, begun)
		}
	}
	c.SetReadDeadline(time.Now())
	if _, err := c.Read(b); err == nil || !err.(net.Error).Timeout() {
		t.Errorf("after the deadline: %v", err)
	}
	c.SetReadDeadline(time.Time{})
	client.Close()
	if n, err := c.Read(b); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

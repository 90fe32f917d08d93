//go:build unix

// Hold is a TCP proxy that holds back what it passes on, as a network with a known delay would: hold ADDR DELAY. It
// prints the address at which it listens.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: hold ADDR DELAY")
	}
	delay, err := time.ParseDuration(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	runtime.GOMAXPROCS(256) // a goroutine that sleeps keeps its processor for a while
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr())
	for {
		client, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		server, err := net.Dial("tcp", os.Args[1])
		if err != nil {
			log.Fatal(err)
		}
		go pass(client, server, delay)
		go pass(server, client, delay)
	}
}

// sleep is time.Sleep without its rounding to whole ms.
func sleep(d time.Duration) {
	if d > 0 {
		spec := syscall.NsecToTimespec(int64(d))
		syscall.Nanosleep(&spec, nil)
	}
}

// piece is what one read returned.
type piece struct {
	data []byte
	due  time.Time
}

// pass copies from one connection to the other, and writes each piece when the delay after its arrival has passed.
func pass(from, to net.Conn, delay time.Duration) {
	pieces := make(chan piece, 1024)
	go func() {
		defer close(pieces)
		for {
			buf := make([]byte, 32<<10)
			n, err := from.Read(buf)
			if n > 0 {
				pieces <- piece{buf[:n], time.Now().Add(delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	defer to.Close()
	for p := range pieces {
		sleep(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			return
		}
	}
}

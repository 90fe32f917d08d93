package launch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"perfpipe/internal/fault"
)

// The test binary plays the servers too: it is what is found under their names on PATH.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "transformers", "llama-server":
		fakeServer()
	case "parent":
		parent()
	}
	os.Exit(m.Run())
}

// fakeServer behaves as FAKE says.
func fakeServer() {
	port := os.Args[slices.Index(os.Args, "--port")+1]
	fmt.Println("arguments:", strings.Join(os.Args[1:], " "))
	var words, after string
	switch fake := os.Getenv("FAKE"); fake {
	case "dies":
		fmt.Println("Traceback (most recent call last):")
		fmt.Println("ImportError: FlashAttention2 has been toggled on, but the package is not installed.")
		os.Exit(3)
	case "silent":
		os.Exit(0)
	case "killed":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "never":
		fmt.Println("loading forever")
		time.Sleep(time.Hour)
	case "slow":
		fmt.Print("Loading:  10%\rLoading: 100%\n\x1b[32mINFO\x1b[0m: up\n")
		words = "slow"
	case "forks":
		for _, setsid := range []bool{false, true} {
			c := exec.Command("sleep", "1000")
			c.SysProcAttr = &syscall.SysProcAttr{Setsid: setsid}
			if err := c.Start(); err != nil {
				panic(err)
			}
			after += strconv.Itoa(c.Process.Pid) + "\n"
		}
		os.WriteFile(os.Getenv("PIDS"), []byte(after+strconv.Itoa(os.Getpid())), 0o644)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	case "crashes":
		go func() {
			time.Sleep(200 * time.Millisecond)
			fmt.Println("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB")
			os.Exit(1)
		}()
	}
	if words == "slow" {
		time.Sleep(300 * time.Millisecond)
	}
	http.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("GET /environment", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, strings.Join(os.Environ(), "\n"))
	})
	fmt.Println(http.ListenAndServe("127.0.0.1:"+port, nil))
	os.Exit(1)
}

// parent is a program that starts a server and then does nothing, until it is killed.
func parent() {
	s, err := Start(context.Background(), Config{API: "local", Model: os.Getenv("MODEL"), grace: 200 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	<-s.done
}

// talk keeps what is said.
type talk struct {
	mu    sync.Mutex
	lines []string
}

func (t *talk) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, fmt.Sprintf(format, args...))
}

// play puts the fakes on PATH and returns a configuration for one of them.
func play(t *testing.T, fake string) (Config, *talk) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, name := range []string{"transformers", "llama-server", "parent"} {
		if err := os.Symlink(self, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("FAKE", fake)
	t.Setenv("PIDS", filepath.Join(bin, "pids"))
	said := &talk{}
	return Config{API: "local", Model: t.TempDir(), log: filepath.Join(bin, "log"), Say: said.say,
		Timeout: 20 * time.Second, grace: 300 * time.Millisecond}, said
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b := make([]byte, 1<<20)
	n, _ := resp.Body.Read(b)
	return string(b[:n])
}

// hint returns the reason of an error and its hint.
func hint(err error) string {
	if ce, ok := errors.AsType[*fault.Error](err); ok && ce.Reason != "" && ce.Hint != "" {
		return ce.Reason + ": " + ce.Hint
	} else if ok {
		return ce.Reason + ce.Hint
	}
	return ""
}

// gone waits until pid is not a running process.
func gone(pid int, limit time.Duration) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return true
		}
	}
	return false
}

package track

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestMain makes the test binary act as a Python with the packages if an environment variable is set.
func TestMain(m *testing.M) {
	if mode := os.Getenv("TRACK_TEST_CHILD"); mode != "" {
		os.Exit(pretend(mode))
	}
	os.Exit(m.Run())
}

// pretend acts as track.py does. The mode selects how.
func pretend(mode string) int {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	in.Scan()
	var hello map[string]string
	if err := json.Unmarshal(in.Bytes(), &hello); err != nil || hello["script"] != script {
		fmt.Fprintln(os.Stderr, "no script:", err)
		return 1
	}
	for in.Scan() {
		switch mode {
		case "good":
			place, _ := json.Marshal(fmt.Sprintf("%s of %s, key %s, arguments %v",
				hello["tracker"], hello["project"], os.Getenv("WANDB_API_KEY"), slices.Contains(os.Args, "k3y")))
			fmt.Printf("{\"place\":%s}\n", place)
		case "refuses":
			fmt.Println(`{"error":"UsageError: no key","hint":"log in"}`)
		case "skips":
			fmt.Println(`{"error":"OSError: no file","small":true}`)
		case "dies":
			fmt.Fprintln(os.Stderr, "Traceback\nMemoryError: all gone")
			return 3
		case "babbles":
			fmt.Println("warning: this is not JSON")
			fmt.Fprintln(os.Stderr, "told to stop")
		case "hangs":
			select {}
		}
	}
	return 0
}

func pretender(t *testing.T, mode string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := newChild("wandb", Options{
		Python: self, Dir: t.TempDir(), Keys: []string{"TRACK_TEST_CHILD=" + mode, "WANDB_API_KEY=k3y"},
		Getenv: func(name string) string { return map[string]string{"WANDB_PROJECT": "mine"}[name] },
	})
	t.Cleanup(c.close)
	return c
}

func TestChild(t *testing.T) {
	for _, c := range []struct{ mode, place, err string }{
		{"good", "wandb of mine, key k3y, arguments false", ""},
		{"refuses", "", "UsageError: no key"},
		{"skips", "", "OSError: no file"},
		{"dies", "", "ended: MemoryError: all gone"},
		{"babbles", "", "ended: told to stop"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			child := pretender(t, c.mode)
			place, err := child.send(t.Context(), nil, []byte("{}\n"))
			if place != c.place || c.err == "" && err != nil || c.err != "" &&
				(err == nil || !strings.HasSuffix(err.Error(), c.err)) {
				t.Fatalf("place %q, error %v", place, err)
			}
			again, err := child.send(t.Context(), nil, []byte("{}\n"))
			if again != c.place || (err == nil) != (c.err == "") {
				t.Errorf("then place %q, error %v", again, err)
			}
		})
	}
}

func TestAChildThatHangsIsKilled(t *testing.T) {
	child := pretender(t, "hangs")
	ctx, stop := context.WithCancel(t.Context())
	context.AfterFunc(t.Context(), stop)
	go stop()
	if _, err := child.send(ctx, nil, []byte("{}\n")); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	<-child.ended
}

func TestNoInterpreter(t *testing.T) {
	c := newChild("swanlab", Options{
		Python: t.TempDir(), Getenv: os.Getenv,
		Hints: Hints{Python: func(pkg string) string { return "an interpreter with " + pkg }},
	})
	defer c.close()
	_, err := c.send(t.Context(), nil, nil)
	var tr *trouble
	if !errors.As(err, &tr) || tr.hint != "an interpreter with swanlab" {
		t.Fatalf("%v, hint %q", err, tr.hint)
	}
}

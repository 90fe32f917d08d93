package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"perfpipe/internal/fault"
)

// target is the destination of a file. It appears as final atomically, once it is complete and verified.
type target struct {
	final, partial, lock string
	link                 string // symbolic link to final; "" is none
	ref, commit          string // file that records the commit of a revision; "" is none
}

// path returns the path that the caller reads.
func (t target) path() string {
	if t.link != "" {
		return t.link
	}
	return t.final
}

const (
	maxTries   = 5 // consecutive tries without progress
	lockPoll   = 200 * time.Millisecond
	cachesHint = "HF_HUB_CACHE and MODELSCOPE_CACHE set the folders of the hubs' files"
)

// fetch downloads f, unless another process has done so meanwhile, and returns its local path.
func (g *getter) fetch(ctx context.Context, f file) (string, error) {
	for _, p := range []string{f.dst.final, f.dst.lock, f.dst.path()} {
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return "", fault.Fail(cachesHint, "%w", err)
		}
	}
	unlock, err := g.lock(ctx, f)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(f.dst.final); err != nil {
		if err := g.obtain(ctx, f); err != nil {
			return "", err
		}
	}
	if err := f.dst.publish(); err != nil {
		return "", fault.Fail(cachesHint, "%w", err)
	}
	return f.dst.path(), nil
}

// lock prevents other processes, including the hubs' Python clients, from downloading the same file.
func (g *getter) lock(ctx context.Context, f file) (unlock func(), err error) {
	l := flock.New(f.dst.lock)
	ok, err := l.TryLock()
	if err == nil && !ok {
		g.say("waiting for another process that downloads %s %s", g.id, f.path)
		_, err = l.TryLockContext(ctx, lockPoll)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fault.Fail(cachesHint, "%w", err)
	}
	return func() { l.Close() }, nil
}

// obtain downloads and verifies f. If verification fails it downloads once more from the start: the partial file of an
// earlier run may have been of an older version.
func (g *getter) obtain(ctx context.Context, f file) error {
	for try := 1; ; try++ {
		if err := g.download(ctx, &f); err != nil {
			return err
		}
		got, err := checksum(f.dst.partial, f.sum)
		if err != nil {
			return err
		}
		if got == "" || strings.EqualFold(got, f.sum) {
			return os.Rename(f.dst.partial, f.dst.final)
		}
		if err := os.Remove(f.dst.partial); err != nil {
			return err
		}
		if try == 2 {
			return fault.Fail(g.localHint(), "%s: wrong checksum: the hub says %s, the bytes that came have %s", f.url, f.sum,
				got)
		}
		g.say("%s %s: wrong checksum, downloading it again", g.id, f.path)
	}
}

// download completes f.dst.partial, resuming an interrupted download.
func (g *getter) download(ctx context.Context, f *file) error {
	out, err := os.OpenFile(f.dst.partial, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fault.Fail(cachesHint, "%w", err)
	}
	defer out.Close()
	progress := g.progress(f)
	defer progress.close()
	pause := g.pause
	best := int64(0)
	for tries := 0; ; {
		end, err := g.transfer(ctx, f, out, progress)
		if err == nil {
			return out.Sync()
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var again *awayError
		if !errors.As(err, &again) {
			return err
		}
		if end > best {
			best, tries, pause = end, 0, g.pause
		}
		if tries++; tries == maxTries {
			return fault.Fail("run it again to continue the download; or "+g.localHint(), "%w", err)
		}
		g.say("%v; trying again", err)
		if err := wait(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// transfer requests what out lacks, once, and returns the resulting size of out. An awayError is worth another try.
func (g *getter) transfer(ctx context.Context, f *file, out *os.File, p *progress) (end int64, err error) {
	have, err := out.Seek(0, io.SeekEnd)
	if err == nil && f.size >= 0 && have > f.size { // longer than the file, so not a part of it
		have, err = 0, restart(out)
	}
	if err != nil {
		return 0, err
	}
	if have == f.size {
		p.at(have)
		return have, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(g.stall, func() {
		cancel(&awayError{fmt.Errorf("%s: no bytes for %v", f.url, g.stall)})
	})
	defer watch.Stop()
	resp, have, err := g.from(ctx, f, out, have)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if f.size < 0 && resp.ContentLength >= 0 {
		f.size = have + resp.ContentLength
	}
	if f.sum == "" {
		f.sum = strings.Trim(resp.Header.Get("X-Linked-Etag"), `"`)
	}
	p.at(have)
	n, err := io.Copy(io.MultiWriter(out, p), &watched{resp.Body, func() { watch.Reset(g.stall) }})
	end = have + n
	if _, disk := errors.AsType[*os.PathError](err); disk {
		return end, err
	}
	if err != nil && ctx.Err() != nil {
		return end, context.Cause(ctx)
	}
	if err == nil && f.size >= 0 && end != f.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return end, &awayError{fmt.Errorf("%s: cut off at %s: %w", f.url, bytesText(end), err)}
	}
	return end, nil
}

// from opens f at byte have, or at 0 if the server does not resume there; start is that byte, and out is truncated to
// it.
func (g *getter) from(ctx context.Context, f *file, out *os.File, have int64) (resp *http.Response, start int64,
	err error) {
	req, err := g.request(ctx, http.MethodGet, f.url)
	if err != nil {
		return nil, 0, err
	}
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	if resp, err = g.do(g.client, req); err != nil {
		return g.fromOther(ctx, f, out, have, err)
	}
	partial := resp.StatusCode == http.StatusPartialContent
	if at, ok := rangeStart(resp); partial && ok && at == have {
		return resp, have, nil
	}
	if err = restart(out); err == nil && (partial || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable) {
		err = &awayError{fmt.Errorf("%s: the server cannot go on at %s", f.url, bytesText(have))}
	}
	if err != nil {
		resp.Body.Close()
		return nil, 0, err
	}
	return resp, 0, nil
}

// fromOther opens f at its second URL, if it has one and the hub has refused the first.
func (g *getter) fromOther(ctx context.Context, f *file, out *os.File, have int64, refused error,
) (resp *http.Response, start int64, err error) {
	if _, away := errors.AsType[*awayError](refused); away || ctx.Err() != nil || f.other == "" {
		return nil, 0, refused
	}
	second := *f
	second.url, second.other = f.other, ""
	if resp, start, err = g.from(ctx, &second, out, have); err != nil {
		return nil, 0, refused
	}
	f.url, f.other = second.url, ""
	return resp, start, nil
}

func restart(out *os.File) error {
	if err := out.Truncate(0); err != nil {
		return err
	}
	_, err := out.Seek(0, io.SeekStart)
	return err
}

// rangeStart parses the first number of Content-Range: bytes 5-9/10.
func rangeStart(resp *http.Response) (start int64, ok bool) {
	n, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &start)
	return start, n == 1 && err == nil
}

type watched struct {
	r    io.Reader
	beat func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.beat()
	return n, err
}

// checksum computes the checksum of the same kind as want, or "" if that kind is not supported. The sha1 is that of a
// git blob: of a header with the size, then the bytes.
func checksum(path, want string) (string, error) {
	if _, err := hex.DecodeString(want); err != nil {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var h hash.Hash
	switch len(want) {
	case 2 * sha256.Size:
		h = sha256.New()
	case 2 * sha1.Size:
		info, err := f.Stat()
		if err != nil {
			return "", err
		}
		h = sha1.New()
		fmt.Fprintf(h, "blob %d\x00", info.Size())
	default:
		return "", nil
	}
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// publish creates the link and records the revision.
func (t target) publish() error {
	if t.link != "" {
		if _, err := os.Stat(t.link); err != nil {
			to, err := filepath.Rel(filepath.Dir(t.link), t.final)
			if err != nil {
				return err
			}
			if err := replace(t.link, func(tmp string) error { return os.Symlink(to, tmp) }); err != nil {
				return err
			}
		}
	}
	if t.ref == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(t.ref), 0o755); err != nil {
		return err
	}
	return replace(t.ref, func(tmp string) error { return os.WriteFile(tmp, []byte(t.commit), 0o644) })
}

// replace replaces path atomically by what mk creates.
func replace(path string, mk func(tmp string) error) error {
	tmp := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	os.Remove(tmp)
	if err := mk(tmp); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

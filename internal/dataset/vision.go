package dataset

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/body"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/hub"
)

// content is the parts of one message: texts and pictures.
type content struct{ b []byte }

func (c *content) text(s string) {
	if s != "" {
		c.open()
		c.b = append(fastjson.AppendString(append(c.b, `{"type":"text","text":`...), s), '}')
	}
}

// picture appends the bytes of an image file, from which its type is detected.
func (c *content) picture(file string) error {
	kind := http.DetectContentType([]byte(file))
	if !strings.HasPrefix(kind, "image/") {
		return fmt.Errorf("not a picture: it begins with %.8q", file)
	}
	c.open()
	c.b = append(c.b, `{"type":"image_url","image_url":{"url":"data:`+kind+`;base64,`...)
	c.b = append(base64.StdEncoding.AppendEncode(c.b, []byte(file)), `"}}`...)
	return nil
}

// link appends the URL of a picture.
func (c *content) link(url string) {
	c.open()
	c.b = append(fastjson.AppendString(append(c.b, `{"type":"image_url","image_url":{"url":`...), url), "}}"...)
}

func (c *content) open() {
	if c.b == nil {
		c.b = []byte(`[{"role":"user","content":[`)
	} else {
		c.b = append(c.b, ',')
	}
}

func (c *content) input() *api.Input { return &api.Input{Messages: append(c.b, `]}]`...)} }

// pictured reads a dataset whose rows have pictures.
func pictured(w where, columns []string, put func(o *Options, r *row, c *content) (keep bool,
	err error)) func(context.Context, *Options) (items, error) {
	return func(ctx context.Context, o *Options) (items, error) {
		if err := o.textOnly("pictures"); err != nil {
			return nil, err
		}
		paths, err := o.local(ctx, w)
		if err != nil {
			return nil, err
		}
		return func(yield func(*Item, error) bool) {
			few := 0
			for row, err := range o.roundRobin(paths, columns...) {
				var c content
				keep := true
				var at body.Place
				if err == nil {
					at = row.place()
					if keep, err = put(o, row, &c); err != nil {
						err = row.wrong("%w", err)
					} else if !keep {
						few++
					}
				}
				if !pass(yield, &Item{In: c.input(), Place: at}, keep, err) {
					return
				}
			}
			o.once("rows left out, as they have fewer than two pictures: %d", few)
		}, nil
	}
}

// flickrWhere has photographs with captions.
var flickrWhere = where{"clip-benchmark/wds_flickr8k", "clip-benchmark/wds_flickr8k", []string{"test/*.tar"}, nil}

func flickr(_ *Options, r *row, c *content) (bool, error) {
	c.text(strings.TrimSpace(r.text("txt")))
	return true, c.picture(r.text("jpg"))
}

// kontextWhere has pictures with an instruction to edit them. The pictures are files beside the file that lists them.
var kontextWhere = where{"black-forest-labs/kontext-bench", "black-forest-labs/kontext-bench",
	[]string{"test/metadata.jsonl"}, nil}

func kontext(o *Options, r *row, c *content) (bool, error) {
	instruction := r.text("instruction")
	if instruction == "" {
		instruction = "Describe the image."
	}
	c.text(instruction)
	picture := cmp.Or(pictureOf(r.Values["image"]), r.text("file_name"))
	if picture == "" {
		return true, errors.New("neither image nor file_name")
	}
	return true, o.show(c, r.path, picture)
}

// show appends a picture that a row of the file path has: a URL, the bytes of an image file, also in base64, or its
// name.
func (o *Options) show(c *content, path, picture string) error {
	for _, scheme := range []string{"https://", "http://", "data:image/"} {
		if strings.HasPrefix(picture, scheme) {
			c.link(picture)
			return nil
		}
	}
	if !isText(picture) {
		return c.picture(picture)
	}
	if raw, err := base64.StdEncoding.DecodeString(picture); err == nil && !isText(string(raw)) {
		return c.picture(string(raw))
	}
	file, err := o.pictureBeside(path, picture)
	if err != nil {
		return err
	}
	return c.picture(file)
}

// pictureBeside returns the picture in a file that another file names.
func (o *Options) pictureBeside(path, name string) (string, error) {
	local, err := o.beside(path, name)
	if err != nil {
		return "", err
	}
	file, err := os.ReadFile(local)
	return string(file), err
}

// beside resolves a file name relative to the file that contains it. It downloads the file if that one was downloaded.
func (o *Options) beside(path, name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("the file %.80q is outside the folder of the dataset", name)
	}
	local := filepath.Join(filepath.Dir(path), filepath.FromSlash(name))
	if _, err := os.Stat(local); err == nil || len(o.Paths) > 0 {
		return local, nil
	}
	if o.pictures == nil {
		repo, err := hub.Open(kontextWhere.modelscope, hub.Dataset, o.Hub) // both hubs use this name
		if err != nil {
			return "", err
		}
		o.pictures = repo
	}
	return o.pictures.File(context.Background(), "test/"+name)
}

// isText reports whether bytes are text, such as a file name, rather than a picture.
func isText(s string) bool { return strings.HasPrefix(http.DetectContentType([]byte(s)), "text/") }

// pictureOf returns the picture in a value: its bytes, its URL or its file name. In Parquet the bytes stand alone, or
// beside the file name.
func pictureOf(v any) string {
	if m, ok := v.(map[string]any); ok {
		for _, key := range []string{"bytes", "url", "path"} {
			if s, _ := m[key].(string); s != "" {
				return s
			}
		}
	}
	s, _ := v.(string)
	return s
}

// mmmuWhere has examination questions with several pictures, or the names of their files. <image N> marks the place of
// a picture.
var mmmuWhere = where{"AI-ModelScope/MMMU", "MMMU/MMMU", []string{"*/validation-*.parquet"}, nil}

const mmmuPictures = 7

func mmmuColumns() []string {
	columns := []string{"question"}
	for k := 1; k <= mmmuPictures; k++ {
		columns = append(columns, "image_"+strconv.Itoa(k))
	}
	return columns
}

func mmmu(o *Options, r *row, c *content) (keep bool, err error) {
	var files [mmmuPictures + 1]string
	n := 0
	for k := 1; k <= mmmuPictures; k++ {
		if files[k] = pictureOf(r.Values["image_"+strconv.Itoa(k)]); files[k] != "" {
			n++
		}
	}
	if n < 2 {
		return false, nil
	}
	question, from := r.text("question"), 0
	for _, mark := range imageMark.FindAllStringSubmatchIndex(question, -1) {
		k := int(question[mark[2]] - '0')
		if files[k] == "" {
			continue // no picture, or one that is shown already
		}
		c.text(question[from:mark[0]])
		if err := o.show(c, r.path, files[k]); err != nil {
			return true, err
		}
		files[k], from = "", mark[1]
	}
	c.text(question[from:])
	for _, file := range files { // pictures that the question does not mention
		if file == "" {
			continue
		}
		if err := o.show(c, r.path, file); err != nil {
			return true, err
		}
	}
	return true, nil
}

// imageMark marks the place of a picture in a question.
var imageMark = regexp.MustCompile(`<image ([1-7])>`)

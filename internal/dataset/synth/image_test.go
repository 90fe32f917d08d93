package synth

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	_ "image/jpeg"
	_ "image/png"
	"strings"
	"testing"
)

func TestPicture(t *testing.T) {
	for _, c := range []struct {
		p     Picture
		model color.Model
	}{
		{Picture{60, 40, "RGB", "png", false}, color.RGBAModel},
		{Picture{60, 40, "RGBA", "png", false}, color.NRGBAModel},
		{Picture{60, 40, "L", "png", false}, color.GrayModel},
		{Picture{60, 40, "RGB", "jpeg", false}, color.YCbCrModel},
		{Picture{60, 40, "L", "jpeg", false}, color.GrayModel},
		{Picture{1, 1, "RGB", "png", true}, color.RGBAModel},
	} {
		uri, err := c.p.AppendURI(nil, NewRand(1))
		if err != nil {
			t.Fatal(err)
		}
		head, data, _ := strings.Cut(string(uri), ",")
		if head != "data:image/"+c.p.Encoding+";base64" {
			t.Errorf("%+v: %s", c.p, head)
		}
		file, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			t.Fatal(err)
		}
		cfg, _, err := image.DecodeConfig(bytes.NewReader(file))
		if err != nil || cfg.Width != c.p.Width || cfg.Height != c.p.Height || cfg.ColorModel != c.model {
			t.Errorf("%+v: %dx%d %v %v", c.p, cfg.Width, cfg.Height, cfg.ColorModel, err)
		}
		if again, _ := c.p.AppendURI(nil, NewRand(1)); !bytes.Equal(uri, again) {
			t.Errorf("%+v: another picture for the same seed", c.p)
		}
	}
}

// TestPictureCompresses: like a photograph, to a part of the raw pixels but not to nothing; noise not at all.
func TestPictureCompresses(t *testing.T) {
	raw := 224 * 224 * 3
	for noise, limits := range map[bool][2]int{false: {raw / 5, raw * 4 / 5}, true: {raw, raw * 11 / 10}} {
		p := Picture{224, 224, "RGB", "png", noise}
		uri, err := p.AppendURI(nil, NewRand(1))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(uri) * 3 / 4; n < limits[0] || n > limits[1] {
			t.Errorf("noise %v: %d bytes of %d", noise, n, raw)
		}
	}
}

package synth

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"perfpipe/internal/fault"
)

// Picture describes a random picture.
type Picture struct {
	Width, Height int
	Format        string // RGB, RGBA or L (grey)
	Encoding      string // png or jpeg
	Noise         bool   // independent random pixels, which do not compress
}

// Check returns an error if p is invalid.
func (p *Picture) Check() error {
	switch {
	case p.Width < 1 || p.Width > 1<<14:
		return fault.Invalid("image-width", "", "%d is not 1 to %d", p.Width, 1<<14)
	case p.Height < 1 || p.Height > 1<<14:
		return fault.Invalid("image-height", "", "%d is not 1 to %d", p.Height, 1<<14)
	case p.Format == "RGBA" && p.Encoding == "jpeg":
		return fault.Invalid("image-format RGBA", "", "JPEG has no transparency")
	}
	return nil
}

// grain is the amplitude of noise on surfaces, as in a photograph: without it a PNG would shrink to almost nothing,
// and a request to the size of its text.
const grain = 4

// AppendURI appends a picture as a data URI: coloured surfaces on a gradient, so that it compresses about as well as a
// photograph.
func (p *Picture) AppendURI(dst []byte, r *Rand) ([]byte, error) {
	img := image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
	if p.Noise {
		for i := range img.Pix {
			img.Pix[i] = byte(r.Next() >> 56)
		}
	} else {
		p.background(img, r)
		for range r.Between(1, 5) {
			p.surface(img, r)
		}
		for i := range img.Pix {
			img.Pix[i] = byte(min(255, max(0, int(img.Pix[i])+r.Below(2*grain+1)-grain)))
		}
	}
	if p.Format != "RGBA" {
		for i := 3; i < len(img.Pix); i += 4 {
			img.Pix[i] = 0xFF
		}
	}
	var pic image.Image = img
	if p.Format == "L" {
		pic = grey(img)
	}
	var file bytes.Buffer
	var err error
	if p.Encoding == "jpeg" {
		err = jpeg.Encode(&file, pic, nil)
	} else {
		err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&file, pic)
	}
	if err != nil {
		return dst, err
	}
	dst = append(dst, "data:image/"+p.Encoding+";base64,"...)
	return base64.StdEncoding.AppendEncode(dst, file.Bytes()), nil
}

func colour(r *Rand) color.NRGBA {
	c := r.Next()
	return color.NRGBA{byte(c), byte(c >> 8), byte(c >> 16), byte(c>>24) | 0x80}
}

func (p *Picture) background(img *image.NRGBA, r *Rand) {
	a, b := colour(r), colour(r)
	mix := func(a, b byte, at, of int) byte { return byte((int(a)*(of-at) + int(b)*at) / of) }
	of := p.Width + p.Height
	for y := range p.Height {
		for x := range p.Width {
			at := x + y
			img.SetNRGBA(x, y, color.NRGBA{mix(a.R, b.R, at, of), mix(a.G, b.G, at, of), mix(a.B, b.B, at, of),
				mix(a.A, b.A, at, of)})
		}
	}
}

// surface is a rectangle or an ellipse of one colour.
func (p *Picture) surface(img *image.NRGBA, r *Rand) {
	c, round := colour(r), r.Below(2) == 0
	x0, y0 := r.Below(p.Width), r.Below(p.Height)
	w, h := r.Between(1, p.Width-x0), r.Between(1, p.Height-y0)
	for y := range h {
		for x := range w {
			dx, dy := 2*float64(x)/float64(w)-1, 2*float64(y)/float64(h)-1
			if !round || dx*dx+dy*dy <= 1 {
				img.SetNRGBA(x0+x, y0+y, c)
			}
		}
	}
}

func grey(img *image.NRGBA) *image.Gray {
	g := image.NewGray(img.Rect)
	for i := range g.Pix {
		g.Pix[i] = byte((299*int(img.Pix[4*i]) + 587*int(img.Pix[4*i+1]) + 114*int(img.Pix[4*i+2])) / 1000)
	}
	return g
}

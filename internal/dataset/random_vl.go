package dataset

import (
	"perfpipe/internal/api"
	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/fault"
)

// Images describes the pictures of a random request.
type Images struct {
	Number int
	Picture
}

// Picture describes one picture.
type Picture = synth.Picture

// randomVL generates random text with random pictures.
func randomVL(o *Options) (func() draw, error) {
	if err := o.textOnly("random_vl"); err != nil {
		return nil, err
	}
	if o.Images.Number > maxParts {
		return nil, fault.Invalid("image-num", "", "%d is more than %d", o.Images.Number, maxParts)
	}
	t, err := newTexts(o)
	if err != nil {
		return nil, err
	}
	if err := o.Images.Check(); err != nil {
		return nil, err
	}
	return func() draw {
		return func(i int64, it *Item) (err error) {
			r := synth.NewRand(o.Seed, drawText, uint64(i))
			n, out := t.lengths(r)
			b := []byte(`[{"role":"user","content":[{"type":"text","text":"`)
			if b, err = t.append(b, r, i, n); err != nil {
				return err
			}
			b = append(b, `"}`...)
			pixels := synth.NewRand(o.Seed, drawImage, uint64(i))
			for range o.Images.Number {
				b = append(b, `,{"type":"image_url","image_url":{"url":"`...)
				if b, err = o.Images.AppendURI(b, pixels); err != nil {
					return err
				}
				b = append(b, `"}}`...)
			}
			it.In, it.Own = &api.Input{Messages: append(b, "]}]"...)}, ownMaxTokens(out)
			return nil
		}
	}, nil
}

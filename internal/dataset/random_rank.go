package dataset

import (
	"perfpipe/internal/api"
	"perfpipe/internal/dataset/synth"
)

// unprefixed returns the options of texts without a shared prefix.
func (o *Options) unprefixed() *Options {
	own := *o
	own.PrefixLength, own.PrefixCount = 0, 1
	return &own
}

// randomBatch generates batches of random texts to embed.
func randomBatch(o *Options) (func() draw, error) {
	size, err := o.partsArg("batch_size", 8)
	if err != nil {
		return nil, err
	}
	if err := o.textOnly("random_embedding_batch"); err != nil {
		return nil, err
	}
	t, err := newTexts(o.unprefixed())
	if err != nil {
		return nil, err
	}
	return func() draw {
		return func(i int64, it *Item) (err error) {
			r := synth.NewRand(o.Seed, drawText, uint64(i))
			in := api.Input{Texts: make([]string, size)}
			for k := range in.Texts {
				n, _ := t.lengths(r)
				if it.Tokens += n; checkSize(float64(it.Tokens)) != nil {
					return checkSize(float64(it.Tokens))
				}
				if in.Texts[k], err = t.plain(r, n); err != nil {
					return err
				}
			}
			it.In = &in
			return nil
		}
	}, nil
}

// randomRerank generates random queries, each with documents that are longer by a factor.
func randomRerank(o *Options) (func() draw, error) {
	count, err := o.partsArg("num_documents", 10)
	if err != nil {
		return nil, err
	}
	ratio, err := o.arg("document_length_ratio", 5)
	if err != nil {
		return nil, err
	}
	if err := o.textOnly("random_rerank"); err != nil {
		return nil, err
	}
	t, err := newTexts(o.unprefixed())
	if err != nil {
		return nil, err
	}
	return func() draw {
		return func(i int64, it *Item) (err error) {
			r := synth.NewRand(o.Seed, drawText, uint64(i))
			n, _ := t.lengths(r)
			if err := checkSize(float64(n) * (1 + ratio*float64(count))); err != nil {
				return err
			}
			in := api.Input{Documents: make([]string, count)}
			if in.Query, err = t.plain(r, n); err != nil {
				return err
			}
			for k := range in.Documents {
				if in.Documents[k], err = t.plain(r, max(1, int(float64(n)*ratio))); err != nil {
					return err
				}
			}
			it.In = &in
			return nil
		}
	}, nil
}

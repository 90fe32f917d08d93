package dataset

import (
	"perfpipe/internal/api"
	"perfpipe/internal/dataset/synth"
)

// randomBatch generates batches of random texts to embed.
func randomBatch(o *Options) (func() draw, error) {
	size, err := o.wholeArg("batch_size", 8)
	if err != nil {
		return nil, err
	}
	if err := o.textOnly("random_embedding_batch"); err != nil {
		return nil, err
	}
	t, err := newTexts(o)
	if err != nil {
		return nil, err
	}
	return func() draw {
		return func(i int64, it *Item) (err error) {
			r := synth.NewRand(o.Seed, drawText, uint64(i))
			in := api.Input{Texts: make([]string, size)}
			for k := range in.Texts {
				n, _ := t.lengths(r)
				it.Tokens += n
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
	count, err := o.wholeArg("num_documents", 10)
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
	t, err := newTexts(o)
	if err != nil {
		return nil, err
	}
	return func() draw {
		return func(i int64, it *Item) (err error) {
			r := synth.NewRand(o.Seed, drawText, uint64(i))
			n, _ := t.lengths(r)
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

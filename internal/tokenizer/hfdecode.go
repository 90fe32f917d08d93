package tokenizer

import (
	"errors"
	"fmt"
	"strings"

	json "github.com/goccy/go-json"
)

// decoder sets the decoder of v.
func (f *tokenizerFile) decoder(v *vocabulary) error {
	if f.Decoder == nil {
		v.surface = func(token string) string { return " " + token }
		if m, ok := v.model.(*bpe); ok {
			v.surface = func(token string) string { return strings.TrimPrefix(strings.TrimSuffix(token, m.suffix), m.prefix) }
		}
		return nil
	}
	if f.Decoder.Type == "ByteLevel" {
		v.bytes = allBytes(v.texts)
		return nil
	}
	v.surface = func(token string) string { return token }
	var err error
	v.decode, err = f.Decoder.decoder(v)
	return err
}

// decoder returns one decoder, and adds its effect on a token within a text to v.surface.
func (p *part) decoder(v *vocabulary) (decoder, error) {
	inner := v.surface
	switch p.Type {
	case "Sequence":
		var all []decoder
		for i := range p.Decoders {
			d, err := p.Decoders[i].decoder(v)
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		}
		return chain(all), nil
	case "ByteLevel":
		v.surface = func(token string) string { return bytesOf(inner(token)) }
		return byteLevelDecoder, nil
	case "Metaspace":
		_, scheme, err := p.metaspace()
		v.surface = func(token string) string { return strings.ReplaceAll(inner(token), p.Replacement, " ") }
		return metaspaceDecoder(p.Replacement, scheme != "never"), err
	case "ByteFallback":
		v.surface = func(token string) string {
			if b, ok := fallbackByte(inner(token)); ok {
				return string([]byte{b})
			}
			return inner(token)
		}
		return byteFallback, nil
	case "Fuse":
		return fuse, nil
	case "Strip":
		return stripDecoder(p.Content, p.Start, p.Stop), nil
	case "Replace":
		pat, err := p.compile()
		if err != nil {
			return nil, err
		}
		change := replace(pat, p.Content)
		v.surface = func(token string) string { out, _ := change(inner(token)); return out }
		return replaceDecoder(pat, p.Content), nil
	case "WordPiece":
		d := wordPieceDecoder(p.Prefix, p.Cleanup)
		within := wordPieceDecoder(p.Prefix, false)
		v.surface = func(token string) string { return within([]string{"", inner(token)})[1] }
		return d, nil
	case "BPEDecoder":
		// the space belongs to the next word
		v.surface = func(token string) string { return strings.ReplaceAll(inner(token), p.Suffix, "") }
		return suffixDecoder(p.Suffix), nil
	case "CTC":
		return ctc(p.PadToken, p.WordDelimiterToken, p.Cleanup), nil
	}
	return nil, p.unknown("decoder")
}

// wrap returns the tokens that a post-processor adds before and after a text.
func (p *part) wrap() (before, after []int, err error) {
	pair := func(raw []json.RawMessage) (id int, err error) {
		if len(raw) != 2 {
			return 0, fmt.Errorf("the cls and sep of %s are not pairs of a token and its id", p.Type)
		}
		return id, json.Unmarshal(raw[1], &id)
	}
	switch p.Type {
	case "ByteLevel": // changes offsets only
		return nil, nil, nil
	case "BertProcessing", "RobertaProcessing":
		cls, err := pair(p.Cls)
		if err != nil {
			return nil, nil, err
		}
		sep, err := pair(p.Sep)
		return []int{cls}, []int{sep}, err
	case "Sequence":
		for i := range p.Processors {
			b, a, err := p.Processors[i].wrap()
			if err != nil {
				return nil, nil, err
			}
			if len(b)+len(a) > 0 && len(before)+len(after) > 0 {
				return nil, nil, errors.New("post_processor: more than one in the Sequence that puts tokens around a text is not " +
					"understood")
			}
			before, after = append(b, before...), append(after, a...)
		}
		return before, after, nil
	case "TemplateProcessing":
		side, texts := &before, 0
		for _, piece := range p.Single {
			switch {
			case piece.Sequence != nil && piece.Sequence.ID == "A" && texts == 0:
				side = &after
				texts++
			case piece.SpecialToken != nil:
				special, ok := p.SpecialTokens[piece.SpecialToken.ID]
				if !ok {
					return nil, nil, fmt.Errorf("post_processor: %q is none of the special_tokens of TemplateProcessing",
						piece.SpecialToken.ID)
				}
				*side = append(*side, special.IDs...)
			default:
				return nil, nil, errors.New("post_processor: the template for one text is not understood")
			}
		}
		return before, after, nil
	}
	return nil, nil, p.unknown("post-processor")
}

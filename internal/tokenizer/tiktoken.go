package tokenizer

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
)

// readTiktoken reads lines of a token in base64, a space and its rank, which is its id.
func readTiktoken(name string, data []byte, enc encoding) (*vocabulary, error) {
	tokens := make([]string, 0, bytes.Count(data, []byte{'\n'})+1)
	var buf []byte
	for n := 1; len(data) > 0; n++ {
		line, rest, _ := bytes.Cut(data, []byte{'\n'})
		data = rest
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		token, rank, ok := bytes.Cut(line, []byte{' '})
		if !ok {
			return nil, fmt.Errorf("%s:%d: not a token in base64 and its rank", name, n)
		}
		id, err := strconv.Atoi(string(rank))
		if err != nil || id < 0 || id > maxID {
			return nil, fmt.Errorf("%s:%d: the rank %q is not understood", name, n, rank)
		}
		buf = append(buf[:0], make([]byte, base64.StdEncoding.DecodedLen(len(token)))...)
		size, err := base64.StdEncoding.Decode(buf, token)
		if err != nil || size == 0 {
			return nil, fmt.Errorf("%s:%d: the token %q is not base64", name, n, token)
		}
		for id >= len(tokens) {
			tokens = append(tokens, "")
		}
		if tokens[id] != "" {
			return nil, fmt.Errorf("%s:%d: the rank %d occurs twice", name, n, id)
		}
		tokens[id] = string(buf[:size])
	}
	if len(tokens) == 0 {
		return nil, errors.New(name + ": no tokens in it")
	}
	return newRanks(name, tokens, enc)
}

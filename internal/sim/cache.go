package sim

import (
	"container/list"
	"encoding/binary"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
)

// cacheBlock is the number of tokens of a block. Only whole blocks are cached, as in vLLM.
const cacheBlock = 16

// cache is a prefix cache: the blocks of tokens that the engine has computed, each identified by the hash of all
// tokens up to its end. The least recently used is evicted first.
type cache struct {
	mu     sync.Mutex
	blocks int // capacity
	at     map[uint64]*list.Element
	used   *list.List // of hashes, the latest first
}

// newCache returns a cache of tokens, or nil if there are none.
func newCache(tokens int) *cache {
	if tokens < cacheBlock {
		return nil
	}
	return &cache{blocks: tokens / cacheBlock, at: map[uint64]*list.Element{}, used: list.New()}
}

// chain returns the hash of each whole block of a sequence.
func chain(tokens []uint64) (hashes []uint64) {
	var h xxhash.Digest
	h.Reset()
	var b [8]byte
	for i, t := range tokens {
		binary.LittleEndian.PutUint64(b[:], t)
		h.Write(b[:])
		if (i+1)%cacheBlock == 0 {
			hashes = append(hashes, h.Sum64())
		}
	}
	return hashes
}

// hit returns how many tokens of a prompt are cached. At least one is computed, since its output is the first token.
func (c *cache) hit(prompt []uint64) (tokens int) {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, h := range chain(prompt) {
		e, ok := c.at[h]
		if !ok || (i+1)*cacheBlock >= len(prompt) {
			break
		}
		c.used.MoveToFront(e)
		tokens += cacheBlock
	}
	return tokens
}

// add adds a sequence of which all tokens have been computed.
func (c *cache) add(tokens []uint64) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range chain(tokens) {
		if e, ok := c.at[h]; ok {
			c.used.MoveToFront(e)
			continue
		}
		c.at[h] = c.used.PushFront(h)
		if c.used.Len() > c.blocks {
			last := c.used.Back()
			delete(c.at, c.used.Remove(last).(uint64))
		}
	}
}

// appendWords appends the words of a text as tokens.
func appendWords(tokens []uint64, text string) []uint64 {
	for word := range strings.FieldsSeq(text) {
		tokens = append(tokens, xxhash.Sum64String(word))
	}
	return tokens
}

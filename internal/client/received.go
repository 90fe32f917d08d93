package client

import "perfpipe/internal/record"

// received is what a reply has for its record until its end. A record is several times as large, and there may be ten
// thousand replies at once.
type received struct {
	Status           int
	RetryAfter       string
	ServerID         string
	Model            string
	FinishReason     string
	HeadersMs        float64
	TTFTMs           float64
	ReasoningTTFTMs  float64
	ContentTTFTMs    float64
	ToolTTFTMs       float64
	GapUs            []int64
	ChunkTokens      []int
	EmptyChunks      int
	Items            int
	PromptTokens     int
	CompletionTokens int
	CachedTokens     int
	ReasoningTokens  int
	Keys             record.Keys
}

// into writes g to a record. They exchange the memory of their slices.
func (g *received) into(rec *record.Record) {
	gaps, tokens := rec.GapUs[:0], rec.ChunkTokens[:0]
	rec.Status, rec.RetryAfter, rec.ServerID = g.Status, g.RetryAfter, g.ServerID
	rec.Model, rec.FinishReason, rec.HeadersMs = g.Model, g.FinishReason, g.HeadersMs
	rec.TTFTMs, rec.ReasoningTTFTMs = g.TTFTMs, g.ReasoningTTFTMs
	rec.ContentTTFTMs, rec.ToolTTFTMs = g.ContentTTFTMs, g.ToolTTFTMs
	rec.GapUs, rec.ChunkTokens = g.GapUs, g.ChunkTokens
	rec.EmptyChunks, rec.Items = g.EmptyChunks, g.Items
	rec.PromptTokens, rec.CompletionTokens = g.PromptTokens, g.CompletionTokens
	rec.CachedTokens, rec.ReasoningTokens = g.CachedTokens, g.ReasoningTokens
	rec.Keys |= g.Keys
	g.GapUs, g.ChunkTokens = gaps, tokens
}

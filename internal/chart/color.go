package chart

import (
	"image/color"
	"math"
)

// palette has the colours of Okabe and Ito (2008), "Color Universal Design", which readers with any of the common
// colour deficiencies can distinguish. Those that would be faint on white are darker here. Grey comes last.
var palette = [...]color.NRGBA{
	{0x00, 0x72, 0xB2, 0xFF}, // blue
	{0xD5, 0x5E, 0x00, 0xFF}, // vermilion
	{0x00, 0x8E, 0x67, 0xFF}, // bluish green
	{0xB3, 0x5C, 0x90, 0xFF}, // reddish purple
	{0x2F, 0x97, 0xCF, 0xFF}, // sky blue
	{0xC2, 0x84, 0x00, 0xFF}, // orange
	{0x7A, 0x6A, 0x00, 0xFF}, // olive, for Okabe and Ito's yellow
	{0x6B, 0x72, 0x80, 0xFF}, // grey
}

// darkPalette has the same hues, lighter, for dark backgrounds.
var darkPalette = [...]color.NRGBA{
	{0x4D, 0xA3, 0xE0, 0xFF}, {0xFF, 0x8A, 0x3D, 0xFF}, {0x2F, 0xC2, 0x97, 0xFF}, {0xDE, 0x8F, 0xC0, 0xFF},
	{0x86, 0xCF, 0xF5, 0xFF}, {0xF2, 0xB1, 0x34, 0xFF}, {0xD6, 0xC8, 0x4A, 0xFF}, {0x9A, 0xA4, 0xB2, 0xFF},
}

// numColors is the number of different colours of series.
const numColors = len(palette)

// viridis is sampled from the map of that name by Smith and van der Walt (2015), which is perceptually uniform and
// readable without colour.
var viridis = [...]color.NRGBA{
	{0x44, 0x01, 0x54, 0xFF}, {0x48, 0x28, 0x78, 0xFF}, {0x3E, 0x49, 0x89, 0xFF}, {0x31, 0x68, 0x8E, 0xFF},
	{0x26, 0x82, 0x8E, 0xFF}, {0x1F, 0x9E, 0x89, 0xFF}, {0x35, 0xB7, 0x79, 0xFF}, {0x6E, 0xCE, 0x58, 0xFF},
	{0xB5, 0xDE, 0x2B, 0xFF}, {0xFD, 0xE7, 0x25, 0xFF},
}

// ramp returns the colour at t, from 0 to 1, of the sequential map.
func ramp(t float64) color.NRGBA {
	t = min(max(t, 0), 1) * float64(len(viridis)-1)
	i := min(int(t), len(viridis)-2)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*(t-float64(i)))) }
	a, b := viridis[i], viridis[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xFF}
}

// The parts of the map that lines of an ordered figure use: a contrast of 3:1 to white, and to the dark page.
const (
	lightMost = 0.58
	darkLeast = 0.37
)

// papers are the backgrounds of charts, light and dark.
var papers = [2]color.NRGBA{{0xFF, 0xFF, 0xFF, 0xFF}, {0x1B, 0x1F, 0x25, 0xFF}}

// contrast returns the contrast ratio of two colours, as WCAG 2 defines it: 1 to 21.
func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// readable returns c, darkened until its text on white has a contrast of 4.5:1.
func readable(c color.NRGBA) color.NRGBA {
	for contrast(c, papers[0]) < 4.5 {
		c.R, c.G, c.B = uint8(float64(c.R)*0.95), uint8(float64(c.G)*0.95), uint8(float64(c.B)*0.95)
	}
	return c
}

// seriesColor returns the colour of series i.
func (f *Figure) seriesColor(c int) color.NRGBA {
	if !f.Ordered {
		return palette[max(c, 0)%len(palette)]
	}
	last := 0
	for _, s := range f.Series {
		last = max(last, s.Color)
	}
	return ramp(lightMost * (1 - float64(max(c, 0))/float64(max(last, 1))))
}

// heat returns the position in the map of a cell of value v: the square root of its share of the greatest value, so
// that rare cells are visible beside common ones.
func heat(v, top float64) float64 {
	if top <= 0 {
		return 0
	}
	return math.Sqrt(v / top)
}

package chart

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"image/color"
	"io"
	"strings"

	"perfpipe/internal/table"
)

var (
	//go:embed echarts/echarts.min.js
	library string
	//go:embed page/page.html
	pageHTML string
	//go:embed page/page.css
	pageCSS string
	//go:embed page/scale.js
	scaleJS string
	//go:embed page/view.js
	viewJS string
	//go:embed page/page.js
	pageJS string
)

// HTML writes p as one self-contained page with its data, script and style. Its content security policy lets it load
// nothing and run only its own script. Figures without data are left out.
func HTML(w io.Writer, p *Page) error {
	p = p.shown()
	figures := make([]Figure, 0, len(p.Figures))
	for _, f := range p.Figures {
		if !f.Empty() {
			figures = append(figures, f)
		}
	}
	words := pageWords(p.Lang)
	script := "(() => {\n'use strict';\n" + scaleJS + viewJS + pageJS + "})();\n"
	var data bytes.Buffer
	enc := json.NewEncoder(&data) // escapes <, > and &, so that no string ends the script element
	if err := enc.Encode(map[string]any{
		"figures": figures, "words": words, "ramp": hexes(viridis[:]),
		"palette": map[string][]string{"light": hexes(palette[:]), "dark": hexes(darkPalette[:])}, "dashes": dashPatterns(),
		"ordered": map[string]float64{"light": lightMost, "dark": darkLeast},
	}); err != nil {
		return err
	}
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return err
	}
	return t.Execute(w, map[string]any{
		"Lang": htmlLang(p.Lang), "Title": p.Title, "Notices": p.Notices, "Facts": p.Facts, "Tables": tablesOf(p.Tables),
		"Details":  tablesOf(p.Details),
		"Sections": sections(figures), "Words": words, "Footer": p.Footer,
		"ScriptHashes": template.HTMLAttr(hash(library) + " " + hash(script)),
		"Style":        template.CSS(pageCSS), "Library": template.JS(library), "Script": template.JS(script),
		"Data": template.JS(data.String()),
	})
}

// pageTable is a table for the template.
type pageTable struct {
	table.Table
	Lines []line
}

// line is a row and its tone.
type line struct {
	Cells []string
	Tone  table.Tone
}

func tablesOf(tables []table.Table) []pageTable {
	out := make([]pageTable, len(tables))
	for i, t := range tables {
		out[i] = pageTable{t, make([]line, len(t.Rows))}
		for k, cells := range t.Rows {
			out[i].Lines[k].Cells = cells
			if k < len(t.Tones) {
				out[i].Lines[k].Tone = t.Tones[k]
			}
		}
	}
	return out
}

// hash returns the source expression of an inline script in a content security policy.
func hash(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

type section struct {
	ID, Title string
	Figures   []Figure
}

func sections(figures []Figure) []section {
	var out []section
	for _, f := range figures {
		if len(out) == 0 || out[len(out)-1].Title != f.Section {
			out = append(out, section{ID: fmt.Sprintf("s%d", len(out)+1), Title: f.Section})
		}
		out[len(out)-1].Figures = append(out[len(out)-1].Figures, f)
	}
	return out
}

func hexes(colors []color.NRGBA) []string {
	out := make([]string, len(colors))
	for i, c := range colors {
		out[i] = fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
	}
	return out
}

func htmlLang(lang string) string {
	if strings.HasPrefix(lang, "zh") {
		return "zh-Hans"
	}
	return "en"
}

// pageWords returns the words of the page itself.
func pageWords(lang string) map[string]string {
	if strings.HasPrefix(lang, "zh") {
		return map[string]string{
			"theme": "深色 / 浅色", "contents": "目录", "reset": "重置缩放", "save": "保存图片", "data": "数据", "series": "系列",
			"low": "下限", "high": "上限", "value": "值", "first": "仅列出前", "from": "起于", "toggle": "点击：显示或隐藏；Shift + 点击：只看这一条",
			"hint":    "拖动可放大，双击还原；点击图例可显示或隐藏曲线；聚焦图表后可用方向键、+、− 和 0。",
			"details": "各负载点的指标", "scroll": "可横向滚动 →", "log": "对数", "noscript": "图表需要 JavaScript；本页不会加载任何外部内容。",
		}
	}
	return map[string]string{
		"theme": "Dark / light", "contents": "Contents", "reset": "Reset zoom", "save": "Save image", "data": "Data",
		"series": "Series",
		"low":    "low", "high": "high", "value": "value", "first": "The first", "from": "from",
		"toggle": "Click: show or hide. Shift-click: this one alone.",
		"hint": "Drag across a chart to zoom, double-click to reset; click a legend entry to show or hide it; " +
			"with a chart in focus, the arrow keys read values and +, − and 0 zoom.",
		"details": "Metrics of each load point", "scroll": "The table scrolls sideways →", "log": "log",
		"noscript": "The charts need JavaScript. This page loads nothing from elsewhere.",
	}
}

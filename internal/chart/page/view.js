// View draws one figure: it turns plain data into options of ECharts, with an HTML legend and a table of the data. Text
// from the data only ever becomes textContent or a label on the canvas, never markup.

const page = JSON.parse(document.getElementById('figures').textContent);
const words = page.words;
const root = document.documentElement;
const system = matchMedia('(prefers-color-scheme: dark)');
const views = [];
const isDark = () => (root.dataset.theme || (system.matches ? 'dark' : 'light')) === 'dark';
const css = name => getComputedStyle(root).getPropertyValue(name).trim();
const make = (tag, className, text) => {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
};

const hex = c => [1, 3, 5].map(i => parseInt(c.slice(i, i + 2), 16));
function ramp(t) {
  const map = page.ramp, at = Math.min(Math.max(t, 0), 1) * (map.length - 1), i = Math.min(Math.floor(at), map.length - 2);
  const a = hex(map[i]), b = hex(map[i + 1]);
  return 'rgb(' + a.map((v, k) => Math.round(v + (b[k] - v) * (at - i))).join(',') + ')';
}
// heat is the colour of a cell: the square root of its share of the greatest, so that rare cells are seen beside common
// ones; on a dark page the map's darkest colours are left out.
function heat(v, top) {
  const t = top > 0 ? Math.sqrt(v / top) : 0;
  return ramp(isDark() ? 0.2 + 0.8 * t : t);
}

// contrast is the ratio of the luminances of two colours (WCAG 2).
const channels = c => c[0] === '#' ? hex(c) : c.match(/\d+/g).map(Number);
const luminance = c => channels(c).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => { const x = luminance(a), y = luminance(b); return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
// readable is a colour, nearer to the ink until text of it can be read.
function readable(color) {
  const paper = css('--card').length === 4 ? '#ffffff' : css('--card'), ink = channels(css('--ink'));
  for (let k = 0; k < 20 && contrast(color, paper) < 4.5; k++) color = 'rgb(' + channels(color).map((v, i) => Math.round(v + (ink[i] - v) * 0.1)).join(',') + ')';
  return color;
}
const dashes = s => page.dashes[(s.dash || 0) % page.dashes.length];

class View {
  constructor(fig) {
    this.fig = fig;
    this.box = document.getElementById(fig.name);
    this.plot = this.box.querySelector('.plot');
    this.hidden = new Set();
    this.range = null;
    this.prepare();
    if (fig.height) this.plot.style.height = fig.height + 'px';
    this.legend();
    this.box.querySelector('.reset').onclick = () => zoom(this, null);
    this.box.querySelector('.save').onclick = () => this.save();
    const details = this.box.querySelector('details');
    details.addEventListener('toggle', () => { if (details.open && details.children.length < 2) details.append(this.table()); });
  }

  // prepare turns values into places and finds the ranges.
  prepare() {
    const {fig} = this, base = new Map();
    const stops = Math.max(1, ...fig.series.map(s => s.color));
    this.series = fig.series.map((s, i) => {
      if (s.kind === 'rects' || s.kind === 'cells') s = unpack(s);
      const at = (c, scale) => (c || []).map(v => place(scale, v));
      const t = {...s, i, px: at(s.x, fig.x.scale), px2: at(s.x2, fig.x.scale), py: at(s.y, fig.y.scale), py2: at(s.y2, fig.y.scale), plo: at(s.lo, fig.y.scale), phi: at(s.hi, fig.y.scale)};
      if (s.kind === 'bars') {
        t.pbase = t.px.map((x, k) => { const b = fig.stacked ? base.get(x) || 0 : 0; base.set(x, b + (t.py[k] || 0)); return b; });
        t.py2 = t.py.map((y, k) => y === null ? null : y + t.pbase[k]);
      }
      if (s.kind === 'cells') t.top = s.v.reduce((a, b) => Math.max(a, b), 0);
      t.paint = () => fig.ordered ? ramp(isDark() ? page.ordered.dark + (1 - page.ordered.dark) * (s.color / stops) : page.ordered.light * (1 - s.color / stops)) : page.palette[isDark() ? 'dark' : 'light'][s.color % page.palette.light.length];
      return t;
    });
    this.rects = this.series.some(s => s.kind === 'rects');
    this.byItem = this.series.some(s => s.kind === 'cells' || s.kind === 'rects') || this.series.every(s => s.kind === 'dots');
    let lo = Infinity, hi = -Infinity;
    for (const s of this.series) for (const c of [s.px, s.px2]) for (const p of c) if (p !== null) { if (p < lo) lo = p; if (p > hi) hi = p; }
    this.full = pad(fig.x, lo, hi, this.series.every(s => s.kind === 'dots' || s.kind === 'line' && s.px.length < 40) && fig.x.scale !== 'nines' ? 0.03 : 0);
  }

  shown() { return this.series.filter(s => !this.hidden.has(s.i)); }

  yRange(x0, x1) {
    let lo = Infinity, hi = -Infinity;
    const see = p => { if (p !== null && p !== undefined) { if (p < lo) lo = p; if (p > hi) hi = p; } };
    for (const s of this.shown()) {
      if (s.kind === 'bars') see(0);
      for (let k = 0; k < s.px.length; k++) {
        const a = s.px[k], b = s.px2.length ? s.px2[k] : a;
        if (a === null || b < x0 || a > x1) continue;
        see(s.kind === 'bars' ? s.py2[k] : s.py[k]); see(s.py2[k]); see(s.plo[k]); see(s.phi[k]);
      }
    }
    if (!this.range) for (const m of this.fig.marks || []) if (m.on_y) see(place(this.fig.y.scale, m.at));
    const [y0, y1] = pad(this.fig.y, lo, hi, this.rects || this.series.some(s => s.kind === 'cells') ? 0 : 0.04);
    // The label of a mark stands above it, below the axis' name.
    const top = Math.max(...(this.fig.marks || []).filter(m => m.on_y).map(m => place(this.fig.y.scale, m.at)), -Infinity), room = 22 / Math.max(100, this.plot.clientHeight - 90);
    return [y0, top > y1 - room * (y1 - y0) && top <= y1 ? y0 + (top - y0) / (1 - room) : y1];
  }

  option() {
    const {fig} = this, ink = css('--ink'), soft = css('--soft'), line = css('--line'), grid = css('--grid');
    const [x0, x1] = this.range || this.full, [y0, y1] = this.yRange(x0, x1);
    const width = this.plot.clientWidth, height = this.plot.clientHeight;
    const axis = (a, lo, hi, n, name) => {
      const t = ticks(a, lo, hi, n), at = [...t.keys()];
      return {type: 'value', min: lo, max: hi, name, nameTextStyle: {color: soft, fontSize: 12.5}, axisLine: {show: true, onZero: false, lineStyle: {color: line}},
        axisTick: {show: true, customValues: at, lineStyle: {color: line}}, axisLabel: {customValues: at, formatter: p => nearest(t, p), color: soft, fontSize: 12, hideOverlap: true},
        splitLine: {show: false}, axisPointer: {label: {show: false}, lineStyle: {color: soft}, animation: false}, t: at};
    };
    const xa = axis(fig.x, x0, x1, Math.max(3, width / 95), title(fig.x));
    const ya = axis(fig.y, y0, y1, Math.max(5, height / 45), title(fig.y));
    Object.assign(xa, {nameLocation: 'middle', nameGap: 28});
    const shown = this.shown(), ends = this.named();
    // Figures that are linked stand on one scale, so their margins are the same, too.
    const right = Math.min(width / 3, Math.max(...(fig.link ? views.filter(v => v.fig.link === fig.link) : [this]).map(v => v.margin())));
    const names = right, marks = this.markRows(x0, x1, width - 58 - right, right), rows = marks.map(m => m.row);
    Object.assign(ya, {nameLocation: 'end', nameGap: 10 + 15 * Math.max(0, ...rows.map(r => r + 1)), nameTextStyle: {...ya.nameTextStyle, align: 'left', padding: [0, 0, 0, -44]}});
    const out = {animation: false, backgroundColor: 'transparent', textStyle: {fontFamily: getComputedStyle(document.body).fontFamily},
      grid: {left: 58, right, top: 30 + 15 * Math.max(0, ...rows.map(r => r + 1)), bottom: 48, containLabel: false},
      xAxis: xa, yAxis: ya, series: [],
      tooltip: {trigger: this.byItem ? 'item' : 'axis', confine: true, transitionDuration: 0, backgroundColor: css('--card'), borderColor: line, textStyle: {color: ink},
        axisPointer: {type: 'line', snap: false}, formatter: p => this.tip(p)}};
    // The grid is a series of its own, so that it stands exactly at the labelled places.
    out.series.push({type: 'line', data: [], silent: true, tooltip: {show: false}, z: 0, animation: false,
      markLine: {silent: true, z: 0, precision: 20, symbol: 'none', label: {show: false}, lineStyle: {color: grid, type: 'solid', width: 1}, data: [...ya.t.map(p => ({yAxis: p})), ...(fig.x.scale ? xa.t.map(p => ({xAxis: p})) : [])]},
      markArea: {silent: true, z: 1, itemStyle: {color: soft, opacity: 0.13}, label: {color: soft, fontSize: 11.5, position: 'insideTop'},
        data: (fig.spans || []).map(s => [{xAxis: Math.max(x0, place(fig.x.scale, s.from)), name: textWidth(s.label || '') < (Math.min(x1, place(fig.x.scale, s.to)) - Math.max(x0, place(fig.x.scale, s.from))) / (x1 - x0) * (width - 58 - names) ? s.label : ''}, {xAxis: Math.min(x1, place(fig.x.scale, s.to))}]).filter(([a, b]) => a.xAxis < b.xAxis)}});
    if (fig.marks) out.series.push({type: 'line', data: [], silent: true, z: 6, markLine: {silent: true, symbol: 'none', precision: 20, animation: false, data: fig.marks.map((m, k) => this.mark(m, marks[k], soft, ink))
      .filter(m => m.xAxis === undefined || m.xAxis >= x0 - (x1 - x0) * 1e-3 && m.xAxis <= x1)}});
    const shift = ends ? this.endShifts(y0, y1, height - out.grid.top - out.grid.bottom) : null;
    for (const s of shown) out.series.push(...this.drawn(s, x0, x1, shift));
    return out;
  }

  // named reports whether the names of lines stand at their ends.
  named() { return !this.fig.noEnds && this.series.length > 1 && this.series.length <= 24 && this.series.some(s => s.kind === 'line' || s.kind === 'steps'); }

  // margin is the width on the right that the names at the ends of lines need, and the labels of marks.
  margin() {
    const names = this.named() ? Math.min(150, Math.max(0, ...this.series.filter(labelled).map(s => textWidth(clip(s.name))))) + 12 : 22;
    return Math.max(names, (this.fig.marks || []).some(m => !m.on_y) ? 44 : 0);
  }

  // endShifts moves the names at the ends of lines apart, in pixels; a map without a line leaves its name out.
  endShifts(y0, y1, height) {
    const least = 14, ends = [], out = new Map();
    for (const s of this.shown().filter(labelled)) {
      let k = s.py.length - 1;
      while (k >= 0 && s.py[k] === null) k--;
      if (k >= 0) ends.push({s, at: height * (1 - (s.py[k] - y0) / (y1 - y0))});
    }
    if (ends.length * least > height + 20) return out;
    ends.sort((a, b) => a.at - b.at);
    let floor = -10;
    for (const e of ends) { e.to = Math.max(e.at, floor); floor = e.to + least; }
    let roof = height + 10;
    for (const e of ends.reverse()) { e.to = Math.min(e.to, roof); roof = e.to - least; out.set(e.s, e.to - e.at); }
    return out;
  }

  // markRows returns for each mark on x the row above the plot where its label covers no other, and how it is aligned to the
  // mark so that it ends within the figure.
  markRows(x0, x1, width, right) {
    const ends = [], out = [];
    const order = (this.fig.marks || []).map((m, k) => [m, k]).sort(([a], [b]) => a.at - b.at);
    for (const [m, k] of order) {
      const at = (place(this.fig.x.scale, m.at) - x0) / (x1 - x0) * width, wide = textWidth(m.label) + 6;
      if (m.on_y || at < -1 || at > width + 1) { out[k] = {row: -1}; continue; }
      const align = at + wide / 2 > width + right ? 'right' : at - wide / 2 < -50 ? 'left' : 'center';
      const from = at - (align === 'right' ? wide : align === 'left' ? 0 : wide / 2);
      let row = ends.findIndex(e => e < from);
      if (row < 0) row = ends.length;
      ends[row] = from + wide;
      out[k] = {row, align};
    }
    return out;
  }

  mark(m, {row, align}, soft, ink) {
    const s = m.color >= 0 ? this.series.find(t => t.color === m.color) : null, color = s ? s.paint() : soft;
    const common = {lineStyle: {color, type: 'dashed', width: 1.2}, label: {show: true, formatter: m.label, color: s ? readable(color) : ink, fontSize: 11.5, backgroundColor: css('--card'), padding: [1, 3]}};
    if (m.on_y) { common.label.position = 'insideStartTop'; return {...common, yAxis: place(this.fig.y.scale, m.at)}; }
    Object.assign(common.label, {position: 'end', distance: 3 + 15 * row, align});
    return {...common, xAxis: place(this.fig.x.scale, m.at)};
  }

  // drawn returns the ECharts series of one of ours.
  drawn(s, x0, x1, shift) {
    const color = s.paint(), name = String(s.i);
    const common = {name, animation: false, clip: true, z: s.faint ? 2 : 3};
    if (s.kind === 'line' || s.kind === 'steps') {
      const few = s.kind === 'line' && s.px.length <= 24 && !s.faint;
      const out = [{...common, type: 'line', step: s.kind === 'steps' ? 'end' : false, data: s.px.map((x, k) => ({value: [x, s.py[k]], ...(s.hollow && s.hollow[k] ? {symbol: 'circle', symbolSize: 8, itemStyle: {color: css('--card'), borderColor: color, borderWidth: 2}} : {}),
        ...(s.labels ? {label: {position: x > (x0 + x1) / 2 ? 'left' : 'right'}} : {})})), showSymbol: few || !!(s.hollow && s.hollow.some(h => h)), symbol: 'circle', symbolSize: few ? 7 : 3,
        itemStyle: {color}, lineStyle: {color, width: s.faint ? 1.2 : 2, type: dashes(s) || 'solid', cap: 'butt'}, emphasis: {disabled: true},
        ...(s.labels ? {label: {show: true, formatter: p => clip(s.labels[p.dataIndex]), color: css('--soft'), fontSize: 11.5, distance: 8}} : {}),
        endLabel: {show: !!shift && shift.has(s), offset: [0, shift && shift.get(s) || 0], formatter: clip(s.name), color: readable(color), fontSize: 12, distance: 6}, ...(s.labels ? {labelLayout: {hideOverlap: true}} : {})}];
      if (s.plo.length) out.unshift({...common, type: 'custom', silent: true, tooltip: {show: false}, data: [[x0, 0]], z: 1, renderItem: (_, api) => {
        const at = [];
        const known = s.px.map((_, k) => k).filter(k => s.px[k] !== null && s.plo[k] !== null && s.phi[k] !== null);
        for (const k of known) at.push(api.coord([s.px[k], s.phi[k]]));
        for (const k of known.reverse()) at.push(api.coord([s.px[k], s.plo[k]]));
        return {type: 'polygon', shape: {points: at}, style: {fill: color, opacity: 0.16}};
      }});
      return out;
    }
    if (s.kind === 'dots') return [{...common, type: 'scatter', data: s.px.map((x, k) => [x, s.py[k]]), symbolSize: s.px.length > 500 ? 4 : 8, itemStyle: {color, opacity: s.px.length > 500 ? 0.5 : 0.9}, emphasis: {disabled: true}}];
    const cells = s.kind === 'cells', bars = s.kind === 'bars';
    const data = [];
    for (let k = 0; k < s.px.length; k++) if (s.px2[k] >= x0 && s.px[k] <= x1 && s.px[k] !== null) data.push([s.px[k], s.px2[k], bars ? s.pbase[k] : s.py[k], s.py2[k], k]);
    return [{...common, ...(s.bold ? {z: 4} : {}), type: 'custom', data, encode: {x: [0, 1], y: [2, 3]}, progressive: 4000, renderItem: (params, api) => {
      const a = api.coord([api.value(0), api.value(3)]), b = api.coord([api.value(1), api.value(2)]), c = params.coordSys;
      const gap = bars && b[0] - a[0] > 6 ? 1 : 0;
      if (cells) for (const p of [a, b]) { p[0] = Math.round(p[0]); p[1] = Math.round(p[1]); } // no seams between cells
      const shape = echarts.graphic.clipRectByRect({x: a[0], y: Math.min(a[1], b[1]), width: Math.max(b[0] - a[0] - gap, s.bold ? 7 : cells ? 1 : 0.7), height: Math.max(Math.abs(b[1] - a[1]) - (s.kind === 'rects' && Math.abs(b[1] - a[1]) > 5 ? 1 : 0), s.bold ? 4 : cells || s.kind === 'rects' ? 0.7 : 0)}, {x: c.x, y: c.y, width: c.width, height: c.height});
      return shape && {type: 'rect', shape, style: {fill: cells ? heat(s.v[api.value(4)], s.top) : color, opacity: s.faint ? 0.45 : 1}};
    }}];
  }

  // tip builds what hovering shows.
  tip(p) {
    const {fig} = this, box = make('div', 'tip');
    const row = (s, text) => { const r = make('div'), i = make('i'); i.style.background = s.kind === 'cells' ? 'transparent' : s.paint(); r.append(i, make('span', '', s.name), make('span', '', text)); box.append(r); };
    if (this.byItem) {
      const s = this.series[+p.seriesName], k = p.seriesType === 'custom' ? p.value[4] : p.dataIndex;
      if (!s) return '';
      if (s.text && s.text[k]) box.append(make('b', '', s.text[k]));
      if (s.kind === 'cells') { box.append(make('b', '', span(s.x[k], s.x2[k], fig.x)), make('b', '', span(s.y[k], s.y2[k], fig.y))); row(s, number(s.v[k]) + (s.vlabel ? ' ' + s.vlabel : '')); }
      else if (s.kind === 'rects') this.tipRow(s.y[k], box, row);
      else { box.append(make('b', '', fig.x.label + ' ' + withUnit(s.x[k], fig.x))); row(s, withUnit(s.y[k], fig.y)); }
      return box;
    }
    const first = [].concat(p)[0];
    return first ? this.at(first.axisValue, box, row) : '';
  }

  // tipRow tells of all the rectangles of a row.
  tipRow(y, box, row) {
    const {fig} = this, parts = [];
    for (const s of this.shown()) for (let k = 0; k < s.y.length; k++) if (s.y[k] === y) parts.push([s, s.x[k], s.x2[k]]);
    parts.sort((a, b) => a[1] - b[1]);
    box.append(make('b', '', fig.rowLabel + ' ' + fig.rows[y] + ', ' + words.from + ' ' + number(parts[0][1]) + ' ' + fig.x.unit));
    for (const [s, from, to] of parts) row(s, duration(to - from, fig.x.unit));
  }

  at(x, box, row) {
    const {fig} = this;
    let head = null;
    for (const s of this.shown()) {
      const k = find(s, x);
      if (k < 0) continue;
      if (!head) box.append(head = make('b', '', s.kind === 'bars' ? span(s.x[k], s.x2[k], fig.x) : (fig.x.scale === 'nines' ? '' : fig.x.label + ' ') + withUnit(s.x[k], fig.x)));
      row(s, withUnit(s.y[k], fig.y) + (s.lo && s.lo[k] !== null && s.hi[k] !== null ? '  [' + number(s.lo[k]) + ', ' + number(s.hi[k]) + ']' : '') + (s.text && s.text[k] ? '  ' + s.text[k] : ''));
    }
    return head ? box : '';
  }

  draw() {
    if (!this.chart) {
      const heavy = this.series.reduce((n, s) => n + s.px.length, 0) > 3000;
      this.chart = echarts.init(this.plot, null, {renderer: heavy ? 'canvas' : 'svg'});
      this.listen();
    }
    this.chart.setOption(this.option(), {notMerge: true});
    this.box.dataset.drawn = 'yes';
  }

  legend() {
    const bar = this.box.querySelector('.legend');
    bar.replaceChildren();
    for (const s of this.series) {
      if (s.kind === 'cells') {
        const strip = make('span', 'strip');
        scaleOf(s).forEach((v, k, all) => {
          const item = make('span'), box = make('i');
          box.style.backgroundColor = heat(v, s.top);
          item.append(box, make('span', '', number(v) + (k === all.length - 1 ? ' ' + (s.vlabel || '') : '')));
          strip.append(item);
        });
        bar.append(strip);
        continue;
      }
      if (this.series.length < 2 && !this.fig.stacked) continue;
      const b = make('button'), swatch = s.kind === 'line' || s.kind === 'steps' ? stroke(s) : make('i');
      swatch.style.backgroundColor = swatch.tagName === 'I' ? s.paint() : '';
      b.type = 'button';
      b.title = words.toggle;
      b.setAttribute('aria-pressed', String(!this.hidden.has(s.i)));
      b.append(swatch, make('span', '', s.name));
      b.onclick = e => {
        if (e.shiftKey) { const only = this.shown().length === 1 && !this.hidden.has(s.i); this.hidden = new Set(only ? [] : this.series.map(t => t.i).filter(i => i !== s.i)); }
        else if (!this.hidden.delete(s.i)) this.hidden.add(s.i);
        [...bar.querySelectorAll('button')].forEach((c, k) => c.setAttribute('aria-pressed', String(!this.hidden.has(k))));
        this.draw();
      };
      bar.append(b);
    }
  }

  // listen zooms by dragging, by the wheel with Ctrl and by keys, and moves the hover by the arrow keys.
  listen() {
    const {plot} = this, brush = make('div', 'brush');
    let from = null;
    const inside = e => { const r = plot.getBoundingClientRect(), g = this.area(); return Math.min(Math.max(e.clientX - r.left, g.x), g.x + g.width); };
    plot.addEventListener('pointerdown', e => { if (e.button === 0 && e.pointerType !== 'touch') from = inside(e); });
    window.addEventListener('pointermove', e => {
      if (from === null) return;
      const to = inside(e), g = this.area();
      Object.assign(brush.style, {left: Math.min(from, to) + 'px', width: Math.abs(to - from) + 'px', top: g.y + 'px', height: g.height + 'px'});
      if (!brush.isConnected) plot.append(brush);
    });
    window.addEventListener('pointerup', e => {
      if (from === null) return;
      const to = inside(e);
      brush.remove();
      if (Math.abs(to - from) > 5) zoom(this, [this.unpixel(Math.min(from, to)), this.unpixel(Math.max(from, to))]);
      from = null;
    });
    plot.addEventListener('dblclick', () => zoom(this, null));
    plot.addEventListener('wheel', e => { if (e.ctrlKey || e.metaKey) { e.preventDefault(); this.scale(e.deltaY > 0 ? 1.25 : 0.8, this.unpixel(inside(e))); } }, {passive: false});
    plot.addEventListener('keydown', e => {
      const keys = {'+': () => this.scale(0.7), '=': () => this.scale(0.7), '-': () => this.scale(1.4), '0': () => zoom(this, null), Escape: () => zoom(this, null), ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1)};
      if (keys[e.key] && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); keys[e.key](); }
    });
  }

  area() { return this.chart.getModel().getComponent('grid').coordinateSystem.getRect(); }
  unpixel(x) { return this.chart.convertFromPixel({xAxisIndex: 0}, x); }

  scale(by, centre) {
    const [a, b] = this.range || this.full, c = centre === undefined ? (a + b) / 2 : centre;
    const next = [Math.max(this.full[0], c - (c - a) * by), Math.min(this.full[1], c + (b - c) * by)];
    zoom(this, next[0] <= this.full[0] && next[1] >= this.full[1] ? null : next);
  }

  step(by) {
    const s = this.shown()[0], [a, b] = this.range || this.full;
    if (!s || !s.px.length) return;
    if (this.cursor === undefined) this.cursor = by > 0 ? -1 : s.px.length;
    do this.cursor += by; while (this.cursor >= 0 && this.cursor < s.px.length && (s.px[this.cursor] === null || s.px[this.cursor] < a || s.px[this.cursor] > b));
    this.cursor = Math.min(Math.max(this.cursor, 0), s.px.length - 1);
    const mid = s.px2.length ? (s.px[this.cursor] + s.px2[this.cursor]) / 2 : s.px[this.cursor], g = this.area();
    this.chart.dispatchAction({type: 'showTip', x: this.chart.convertToPixel({xAxisIndex: 0}, mid), y: this.byItem ? this.chart.convertToPixel({yAxisIndex: 0}, ((s.py2[this.cursor] ?? s.py[this.cursor]) + s.py[this.cursor]) / 2) : g.y + g.height / 2});
    const said = make('div', 'tip');
    const row = (t, text) => said.append(make('div', '', t.name + ': ' + text + '; '));
    if (!this.byItem) this.at(mid, said, row); else row(s, withUnit(s.x[this.cursor], this.fig.x) + ', ' + (s.v ? number(s.v[this.cursor]) : withUnit(s.y[this.cursor], this.fig.y)));
    this.box.querySelector('.said').textContent = said.textContent;
  }

  save() {
    const a = make('a'), dark = css('--card');
    a.href = this.chart.getDataURL({pixelRatio: 2, backgroundColor: dark});
    a.download = this.fig.name + (a.href.startsWith('data:image/svg') ? '.svg' : '.png');
    a.click();
  }

  table() {
    const {fig} = this, box = make('div', 'scroll'), table = make('table'), body = make('tbody'), most = 500;
    const head = make('tr');
    const bars = this.series.some(s => s.x2), band = this.series.some(s => s.lo), v = this.series.some(s => s.v), y2 = this.series.some(s => s.y2), text = this.series.some(s => s.text);
    for (const h of [words.series, unitOf(fig.x), ...(bars ? ['→'] : []), unitOf(fig.y), ...(y2 ? ['→'] : []), ...(band ? [words.low, words.high] : []), ...(v ? [words.value] : []), ...(text ? [''] : [])]) { const c = make('th', '', h); c.scope = 'col'; head.append(c); }
    let n = 0, all = 0;
    for (const s of this.series) {
      all += s.x ? s.x.length : 0;
      for (let k = 0; s.x && k < s.x.length && n < most; k++, n++) {
        const r = make('tr'), th = make('th', '', s.name);
        th.scope = 'row';
        r.append(th, make('td', '', fig.x.scale === 'nines' ? withUnit(s.x[k], fig.x) : number(s.x[k])));
        for (const c of [bars && (s.x2 || []), s.y || [], y2 && (s.y2 || []), band && (s.lo || []), band && (s.hi || []), v && (s.v || [])]) if (c) r.append(make('td', '', c.length ? number(c[k]) : ''));
        if (text) r.append(make('td', '', s.text ? s.text[k] : ''));
        body.append(r);
      }
    }
    const thead = make('thead');
    thead.append(head);
    table.append(thead, body);
    box.append(table);
    if (all > n) box.append(make('p', 'note', words.first + ' ' + group(String(n)) + ' / ' + group(String(all))));
    box.tabIndex = 0;
    return box;
  }
}

// title names an axis, its unit, and that it is logarithmic.
const unitOf = a => a.label + (a.unit ? ' (' + a.unit + ')' : '');
function title(a) {
  const notes = [a.unit, a.scale === 'log' ? words.log : ''].filter(n => n);
  return a.label + (notes.length ? ' (' + notes.join(', ') + ')' : '');
}

// stroke is a line's swatch in a legend: its colour and its dashes.
function stroke(s) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
  svg.setAttribute('viewBox', '0 0 26 8');
  for (const [k, v] of Object.entries({x1: 0, y1: 4, x2: 26, y2: 4, stroke: s.paint(), 'stroke-width': s.faint ? 1.5 : 3, ...(dashes(s) ? {'stroke-dasharray': dashes(s).join(' ')} : {})})) line.setAttribute(k, v);
  svg.append(line);
  return svg;
}

// scaleOf are up to six values of cells from the least to the greatest, whose colours are about equally far apart.
function scaleOf(s) {
  const least = s.v.reduce((a, b) => Math.min(a, b), Infinity), out = [], whole = Number.isInteger(least) && Number.isInteger(s.top);
  for (let k = 0; k < 6; k++) {
    const v = (Math.sqrt(least) + (Math.sqrt(s.top) - Math.sqrt(least)) * k / 5) ** 2, at = whole ? Math.round(v) : v;
    if (!out.length || at > out[out.length - 1]) out.push(at);
  }
  return out;
}

const labelled = s => !s.faint && s.name !== '';
const clip = s => s.length > 22 ? s.slice(0, 21) + '…' : s;
const pen = document.createElement('canvas').getContext('2d');
function textWidth(s) { pen.font = '12px system-ui, sans-serif'; return pen.measureText(s).width; }
function nearest(map, p) { for (const [at, label] of map) if (Math.abs(at - p) < 1e-9 * Math.max(1, Math.abs(p))) return label; return ''; }
const span = (a, b, axis) => number(a) + '–' + withUnit(b, axis);

// find returns the datum of a series at x: of bars the one that holds x, of steps the last before, of lines the nearest.
function find(s, x) {
  let best = -1, gap = Infinity;
  for (let k = 0; k < s.px.length; k++) {
    const p = s.px[k];
    if (p === null || s.py[k] === null) continue;
    if (s.kind === 'bars') { if (p <= x && x < s.px2[k]) return k; continue; }
    if (s.kind === 'steps' && p > x) continue;
    const d = Math.abs(p - x);
    if (d < gap) { gap = d; best = k; }
  }
  return best;
}

function pad(axis, lo, hi, share) {
  if (lo > hi) return [0, 1];
  if (axis.zero && !axis.scale) lo = Math.min(lo, 0);
  if (axis.to && !axis.scale) { lo = Math.min(lo, 0); hi = Math.max(hi, axis.to); }
  const more = (axis.least || 0) - (hi - lo);
  if (more > 0) { lo -= axis.zero ? 0 : more / 2; hi += axis.zero ? more : more / 2; }
  if (lo === hi) {
    const by = axis.scale || lo === 0 ? 0.5 : Math.abs(lo) / 10;
    return [axis.zero && lo >= 0 ? lo : lo - by, hi + by];
  }
  const by = (hi - lo) * share;
  return [axis.zero && lo === 0 && !axis.scale ? 0 : lo - by, hi + by];
}

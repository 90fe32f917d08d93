// Scales, ticks and numbers.
// Scales: place is where a value lies on the axis, value the reverse.
const place = (scale, v) => v === null ? null
  : scale === 'log' ? (v > 0 ? Math.log10(v) : null)
  : scale === 'nines' ? (v < 100 ? -Math.log10(1 - v / 100) : null) : v;
const value = (scale, p) => scale === 'log' ? 10 ** p : scale === 'nines' ? 100 * (1 - 10 ** -p) : p;
const group = s => s.replace(/\B(?=(\d{3})+$)/g, ',');

function number(v) {
  if (v === null || v === undefined || Number.isNaN(v)) return '–';
  if (v < 0) return '−' + number(-v);
  if (v === 0) return '0';
  if (v < 1e-6 || v >= 1e15) return v.toPrecision(3);
  const [whole, part] = v.toFixed(Math.max(0, 2 - Math.floor(Math.log10(v)))).split('.');
  const rest = (part || '').replace(/0+$/, '');
  return group(whole) + (rest ? '.' + rest : '');
}
const short = v => Math.abs(v) >= 1e9 ? number(v / 1e9) + 'G' : Math.abs(v) >= 1e6 ? number(v / 1e6) + 'M'
  : Math.abs(v) >= 1e3 ? number(v / 1e3) + 'k' : number(v);
// A percentile is written with two digits of its distance from 100.
const percentile = p => 'p' + (p >= 100 ? 100 : +p.toFixed(Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(100 - p))))));
const withUnit = (v, axis) => axis.scale === 'nines' ? percentile(v) : number(v) + (axis.unit ? ' ' + axis.unit : '');

function niceStep(raw) {
  if (!(raw > 0)) return 1;
  const base = 10 ** Math.floor(Math.log10(raw));
  return base * [1, 2, 5, 10].find(m => raw <= m * base * (1 + 1e-9));
}

// ticks returns the labelled places of an axis between two places.
function ticks(axis, lo, hi, n) {
  const out = new Map();
  if (axis.scale === 'nines') {
    for (const p of [0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 99.9999]) out.set(place('nines', p), 'p' + p);
  } else if (axis.scale === 'log' && hi - lo > 0.7) {
    const stride = Math.max(1, Math.ceil((hi - lo) / n));
    for (let e = Math.floor(lo); e <= Math.ceil(hi); e++) {
      if (e % stride) continue;
      for (const m of hi - lo > n / 2 ? [1] : hi - lo < 1.3 ? [1, 1.5, 2, 3, 5, 7] : [1, 2, 5]) out.set(e + Math.log10(m), m * 10 ** e >= 1e5 ? short(m * 10 ** e) : number(m * 10 ** e));
    }
  } else {
    const from = value(axis.scale, lo), to = value(axis.scale, hi);
    let step = niceStep((to - from) / n);
    if (axis.whole) step = Math.max(1, step);
    const decimals = Math.min(8, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
    for (let k = Math.ceil(from / step - 1e-9); k * step <= to + step * 1e-9; k++) {
      const v = k * step, [whole, part] = Math.abs(v).toFixed(decimals).split('.');
      out.set(place(axis.scale, v), (v < -step / 2 ? '−' : '') + (Math.abs(v) >= 1e6 || step >= 1e5 ? short(Math.abs(v)) : group(whole) + (part ? '.' + part : '')));
    }
  }
  for (const p of out.keys()) if (p === null || p < lo - 1e-9 || p > hi + 1e-9) out.delete(p);
  return out;
}

// unpack undoes the packing of rectangles (differences of whole steps) and cells (numbers of intervals).
function unpack(s) {
  const sum = (c, step) => { let at = 0; return c.map(v => (at += v) * step); };
  if (s.kind === 'cells') {
    const x = sum(s.x, 1), y = sum(s.y, 1);
    return {...s, x: x.map(i => s.xs[0][i]), x2: x.map(i => s.xs[1][i]), y: y.map(i => s.ys[0][i]), y2: y.map(i => s.ys[1][i])};
  }
  const x = sum(s.x, s.step), y = sum(s.y, 1);
  return {...s, x, x2: x.map((v, k) => v + s.x2[k] * s.step), y, y2: y.map(v => v + 0.85)};
}

// duration writes seconds as ms where they are few.
const duration = (v, unit) => unit === 's' && v < 1 ? number(v * 1000) + ' ms' : number(v) + (unit ? ' ' + unit : '');


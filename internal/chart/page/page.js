// Draws the figures when they come into view; linked ones zoom together.

// zoom sets the visible range of a figure and of all that are linked to it.
function zoom(view, range) {
  for (const v of views) {
    if (v !== view && (!view.fig.link || v.fig.link !== view.fig.link)) continue;
    v.range = range;
    v.cursor = undefined;
    v.box.querySelector('.reset').hidden = !range;
    if (v.chart) { v.chart.dispatchAction({type: 'hideTip'}); v.draw(); }
  }
}

for (const fig of page.figures) views.push(new View(fig));
// Linked figures stand on one scale.
for (const link of new Set(views.map(v => v.fig.link).filter(l => l))) {
  const group = views.filter(v => v.fig.link === link);
  const full = [Math.min(...group.map(v => v.full[0])), Math.max(...group.map(v => v.full[1]))];
  for (const v of group) v.full = full;
}

// A table that is wider than its place says so.
function sideways() {
  for (const box of document.querySelectorAll('section.table .scroll')) {
    const more = box.scrollWidth > box.clientWidth + 2;
    box.classList.toggle('more', more);
    let note = box.previousElementSibling && box.previousElementSibling.classList.contains('sideways') ? box.previousElementSibling : null;
    if (more && !note) { note = make('p', 'sideways', words.scroll); box.before(note); }
    if (note) note.hidden = !more;
  }
}
for (const d of document.querySelectorAll('#details details')) d.addEventListener('toggle', sideways);
sideways();
const seen = new IntersectionObserver(entries => {
  for (const e of entries) if (e.isIntersecting) { const v = views.find(w => w.box === e.target); if (!v.chart) v.draw(); seen.unobserve(e.target); }
}, {rootMargin: '200px'});
for (const v of views) seen.observe(v.box);
const redraw = () => { for (const v of views) { v.legend(); if (v.chart) v.draw(); } };
system.addEventListener('change', redraw);
document.getElementById('theme').onclick = () => { root.dataset.theme = isDark() ? 'light' : 'dark'; redraw(); };
let wait;
new ResizeObserver(() => { sideways(); clearTimeout(wait); wait = setTimeout(() => { for (const v of views) if (v.chart) { v.chart.resize(); v.draw(); } }, 80); }).observe(document.querySelector('main'));
let theme;
window.addEventListener('beforeprint', () => { theme = root.dataset.theme; root.dataset.theme = 'light'; for (const v of views) v.draw(); });
window.addEventListener('afterprint', () => { if (theme) root.dataset.theme = theme; else delete root.dataset.theme; redraw(); });

// The controls of the filter, and the counts beside each.

const swatches = { black: '#111', grey: '#808080', silver: '#c0c4c9', white: '#fff', red: '#c4161c', orange: '#f07d00', yellow: '#f5d300',
  green: '#1c8a3b', blue: '#1f5fbf', purple: '#7a2fa0', pink: '#ef7fb0', brown: '#7a4a1f', beige: '#d9c6a0' };

function make(tag, attrs, ...inner) {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs || {})) {
    if (k.startsWith('on')) el.addEventListener(k.slice(2), v);
    else if (v !== false && v !== null) el.setAttribute(k, v === true ? '' : v);
  }
  el.append(...inner);
  return el;
}

const swatched = new Set(['colour', 'upper', 'lower']);
const facetViews = []; // functions that show new counts
function buildFacets(changed) {
  const root = byId('facets');
  const box = (key, ...inner) => { const f = make('fieldset', null, make('legend', { 'data-t': key }), ...inner); root.append(f); return f; };
  const list = (key, names, chosen, word) => {
    const present = new Set(), f = box(key), values = facetValues[key];
    for (let i = 0; i < N; i++) present.add(values[i]);
    names.forEach((name, k) => {
      if (!name) return;
      if (!present.has(k) && key !== 'status' && key !== 'camera') return; // the page has none of them
      const count = make('output'), text = make('span', word === null ? { title: name } : { 'data-t': word + name }, word === null ? name : '');
      const input = make('input', { type: 'checkbox', 'data-value': name, onchange: () => { input.checked ? chosen.add(k) : chosen.delete(k); changed(); } });
      const swatch = swatched.has(key) ? make('i', { 'class': 'swatch' }) : '';
      if (swatch && swatches[name]) swatch.style.background = swatches[name];
      const row = make('label', { 'class': 'facet' }, input, swatch, text, count);
      f.append(row);
      facetViews.push(r => {
        input.checked = chosen.has(k);
        count.textContent = fmt(r.facets[key][k]);
        row.classList.toggle('zero', r.facets[key][k] === 0);
      });
    });
    if (!f.querySelector('input')) f.hidden = true;
  };
  list('class', meta.classes, filter.classes, '');
  list('colour', meta.colours, filter.colours, '');
  if (col.lower.some(v => v)) { // told only where it was learnt
    list('upper', meta.colours, filter.uppers, '');
    list('lower', meta.colours, filter.lowers, '');
  }
  list('status', meta.statuses, filter.statuses, '');
  if (cameras.length > 1) list('camera', cameras, filter.cameras, null);
  list('event', ['', ...meta.event_names], filter.events, 'event-');
  if (plates.size) box('plate', ...plateFacet(changed));
  box('heading', compassRose(changed));
  numbers(box, changed);
}

// plateFacet asks for objects whose plate was read; on a page from a server also
// for a plate. That is a search of its own: the server journals it, and says which
// rows it meets and why, never what was read.
function plateFacet(changed) {
  const count = make('output'), read = make('input', { type: 'checkbox', 'data-value': 'plate-read', onchange: () => { filter.plateRead = read.checked; changed(); } });
  facetViews.push(r => { read.checked = filter.plateRead; count.textContent = fmt(r.facets['plate-read'][1]); });
  const out = [make('label', { 'class': 'facet' }, read, make('span', { 'data-t': 'plateRead' }), count)];
  if (!meta.live || meta.flags.plate) return out;
  const pattern = make('input', { type: 'text', id: 'plate-pattern', spellcheck: 'false', autocomplete: 'off', maxlength: 24, 'data-tt': 'plateHint' });
  const fuzzy = make('input', { type: 'number', min: 0, max: 3, value: 0, id: 'plate-fuzzy' });
  const literal = make('input', { type: 'checkbox', id: 'plate-literal' }), told = make('small', { role: 'status' });
  let failed = '';
  const run = () => {
    const p = { pattern: pattern.value.trim(), fuzzy: Number(fuzzy.value) || 0, literal: literal.checked };
    failed = '';
    if (!p.pattern) { filter.plate = null; changed(); return; }
    ask('plates', p).then(got => { filter.plate = { ...p, record: got.record, rows: new Map(got.tracks.map(x => [rowOf(x.recording, x.track), x.why])) }; changed(); showFacts(); },
      err => { filter.plate = null; failed = err.message; changed(); });
  };
  facetViews.push(() => {
    told.textContent = filter.plate ? `${t('journalled')}${colon()}${t('record')} ${filter.plate.record}` : failed;
    if (!filter.plate && !failed && document.activeElement !== pattern) pattern.value = '';
  });
  const form = make('form', { 'class': 'plates', onsubmit: e => { e.preventDefault(); run(); } }, pattern, make('button', { 'data-t': 'find' }),
    make('label', null, make('span', { 'data-t': 'fuzzy' }), ' ', fuzzy), make('label', null, literal, ' ', make('span', { 'data-t': 'literal' })), told);
  return [...out, form];
}

function compassRose(changed) {
  const rose = make('div', { 'class': 'compass' });
  for (const k of [7, 0, 1, 6, -1, 2, 5, 4, 3]) {
    if (k < 0) { rose.append(make('span')); continue; }
    const count = make('output');
    const b = make('button', { type: 'button', 'aria-pressed': 'false', 'data-heading': compass[k],
      onclick: () => { filter.headings.has(k) ? filter.headings.delete(k) : filter.headings.add(k); changed(); } },
      make('span', { 'data-t': compass[k] }), count);
    rose.append(b);
    facetViews.push(r => { b.setAttribute('aria-pressed', filter.headings.has(k)); count.textContent = fmt(r.facets.heading[k]); });
  }
  return rose;
}

function numbers(box, changed) {
  const field = (key, read, write, id) => {
    const input = make('input', { type: 'text', inputmode: 'decimal', id, 'data-tt': key, onchange: () => {
      const v = Number(input.value.replace(',', '.'));
      const bad = !(v >= 0) || v > 1e9;
      input.setAttribute('aria-invalid', bad);
      if (!bad) { write(v); changed(); }
    } });
    facetViews.push(() => { if (document.activeElement !== input) { input.value = read() || ''; input.setAttribute('aria-invalid', 'false'); } });
    return [make('label', { 'for': id, 'data-t': key }), input];
  };
  const sizes = (row, own, id) => {
    const [, w] = field(id + '-width', () => f[own][0], v => { f[own][0] = v; }, id + '-width'), [, h] = field(id + '-height', () => f[own][1], v => { f[own][1] = v; }, id + '-height');
    w.dataset.tp = 'width'; h.dataset.tp = 'height';
    return make('div', { 'class': 'pair sizes' }, make('span', { 'data-t': row }), w, '×', h);
  };
  const f = filter;
  box('duration', make('div', { 'class': 'pair' },
    ...field('least', () => f.minDuration / 1e6, v => { f.minDuration = Math.round(v * 1e6); }, 'min-duration'),
    ...field('most', () => f.maxDuration / 1e6, v => { f.maxDuration = Math.round(v * 1e6); }, 'max-duration')));
  box('size', sizes('least', 'minSize', 'min'), sizes('most', 'maxSize', 'max'));
  box('stop', make('div', { 'class': 'pair wide' }, ...field('least', () => f.stop / 1e6, v => { f.stop = Math.round(v * 1e6); }, 'stop')));
  const moment = (key, own) => {
    const input = make('input', { type: 'text', id: 'time-' + key, 'data-tp': 'clockhint', onchange: () => {
      const us = input.value.trim() === '' ? null : parseClock(input.value);
      input.setAttribute('aria-invalid', Number.isNaN(us));
      input.title = Number.isNaN(us) ? t('noEntry') : '';
      if (!Number.isNaN(us)) { f[own] = us === null ? null : { us, media: false }; changed(); }
    } });
    facetViews.push(() => {
      if (document.activeElement === input) return;
      const b = f[own];
      input.value = !b ? '' : b.media ? mediaText(b.us) : clockText(b.us).replace(' (UTC', ' ').replace(')', '');
      input.setAttribute('aria-invalid', 'false');
    });
    return make('div', { 'class': 'pair wide' }, make('label', { 'for': 'time-' + key, 'data-t': key }), input);
  };
  box('time', moment('from', 'from'), moment('to', 'to'));
}

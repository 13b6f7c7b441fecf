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

const facetViews = []; // functions that show new counts
function buildFacets(changed) {
  const root = byId('facets');
  const box = (key, ...inner) => { const f = make('fieldset', null, make('legend', { 'data-t': key }), ...inner); root.append(f); return f; };
  const list = (key, names, chosen, word) => {
    const present = new Set(), f = box(key);
    const column = { 'class': i => col['class'][i], colour: i => col.colour[i], status: i => col.status[i], camera: i => cameraOf[col.rec[i]] }[key];
    for (let i = 0; i < N; i++) present.add(column(i));
    names.forEach((name, k) => {
      if (!present.has(k) && key !== 'status' && key !== 'camera') return; // the page has none of them
      const count = make('output'), text = make('span', word ? { 'data-t': name } : null, word ? '' : name);
      const input = make('input', { type: 'checkbox', 'data-value': name, onchange: () => { input.checked ? chosen.add(k) : chosen.delete(k); changed(); } });
      const swatch = key === 'colour' ? make('i', { 'class': 'swatch' }) : '';
      if (swatch && swatches[name]) swatch.style.background = swatches[name];
      const row = make('label', { 'class': 'facet' }, input, swatch, text, count);
      f.append(row);
      facetViews.push(r => {
        input.checked = chosen.has(k);
        count.textContent = fmt(r.facets[key][k]);
        row.classList.toggle('zero', r.facets[key][k] === 0);
      });
    });
    if (!present.size) f.hidden = true;
  };
  list('class', meta.classes, filter.classes, true);
  list('colour', meta.colours, filter.colours, true);
  list('status', meta.statuses, filter.statuses, true);
  if (cameras.length > 1) list('camera', cameras, filter.cameras, false);
  box('heading', compassRose(changed));
  numbers(box, changed);
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
  const f = filter;
  box('duration', make('div', { 'class': 'pair' },
    ...field('least', () => f.minDuration / 1e6, v => { f.minDuration = Math.round(v * 1e6); }, 'min-duration'),
    ...field('most', () => f.maxDuration / 1e6, v => { f.maxDuration = Math.round(v * 1e6); }, 'max-duration')));
  box('size', make('div', { 'class': 'pair' },
    ...field('width', () => f.minSize[0], v => { f.minSize[0] = v; }, 'min-width'),
    ...field('height', () => f.minSize[1], v => { f.minSize[1] = v; }, 'min-height')), make('small', { 'data-t': 'least' }),
  make('div', { 'class': 'pair' },
    ...field('width', () => f.maxSize[0], v => { f.maxSize[0] = v; }, 'max-width'),
    ...field('height', () => f.maxSize[1], v => { f.maxSize[1] = v; }, 'max-height')), make('small', { 'data-t': 'most' }));
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

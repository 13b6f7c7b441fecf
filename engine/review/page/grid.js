// The pictures of the rows kept. Only those in view are in the document.

const cardW = 180, cardH = 196;
const grid = { rows: [], why: null, cards: new Map(), perRow: 1 };

function describe(i) {
  const parts = [`${t(meta.classes[col['class'][i]])} ${fmt(col.class_score[i] / 1000, 2, 2)}`];
  if (meta.colours[col.colour[i]] !== 'unknown') parts.push(t(meta.colours[col.colour[i]]));
  if (points[i] >= 0) parts.push(t(compass[points[i]]));
  return parts;
}
function startText(i) {
  const r = recOf(i);
  return r.clock_unix_us === null ? '+' + mediaText(col.start[i]) : clockText(r.clock_unix_us + col.start[i]);
}

function fillCard(el, i, why) {
  const [kind, ...rest] = describe(i), status = meta.statuses[col.status[i]];
  el.className = 'card ' + status;
  el.id = 'row-' + i;
  el.setAttribute('role', 'option');
  el.setAttribute('aria-selected', selected === i);
  const pic = make('div', { 'class': 'pic' });
  if (col.crop[i]) {
    const img = make('img', { alt: '', src: cropOf(i), decoding: 'async', draggable: 'false', onerror: () => { img.remove(); pic.textContent = '—'; } });
    pic.append(img);
  } else pic.textContent = '—';
  const verdict = status === 'proposed' ? '' : make('span', { 'class': 'mark' }, (status === 'validated' ? '✓ ' : '✗ ') + t(status));
  const start = startText(i).replace(/ \(UTC.*/, '');
  el.replaceChildren(pic, verdict, make('p', null, kind), make('p', null, [...rest, spanText(length(i))].join(' · ')),
    make('p', { title: startText(i) }, start), make('p', why ? { 'class': 'why' } : null, why || `${nameOf(i)} · ${recOf(i).camera}`));
}

function layGrid() {
  const root = byId('grid'), space = byId('grid-space');
  grid.perRow = Math.max(1, Math.floor((root.clientWidth - 4) / cardW));
  space.style.height = Math.ceil(grid.rows.length / grid.perRow) * cardH + 'px';
  showGrid();
}

function showGrid() {
  const root = byId('grid'), space = byId('grid-space');
  const first = Math.max(0, Math.floor(root.scrollTop / cardH) - 1) * grid.perRow;
  const last = Math.min(grid.rows.length, (Math.ceil((root.scrollTop + root.clientHeight) / cardH) + 1) * grid.perRow);
  const want = new Map();
  for (let k = first; k < last; k++) want.set(grid.rows[k], k);
  for (const [i, el] of grid.cards) if (!want.has(i)) { el.remove(); grid.cards.delete(i); }
  for (const [i, k] of want) {
    let el = grid.cards.get(i);
    if (!el) {
      el = make('div', { onclick: () => { byId('grid').focus({ preventScroll: true }); choose(i, true); } });
      fillCard(el, i, grid.why && grid.why.get(i));
      grid.cards.set(i, el);
      space.append(el);
    }
    el.style.left = k % grid.perRow * cardW + 'px';
    el.style.top = Math.floor(k / grid.perRow) * cardH + 'px';
  }
}

function dropCards() {
  for (const el of grid.cards.values()) el.remove();
  grid.cards.clear();
}

// showRows gives the grid new rows; why says of near misses what dropped each.
function showRows(rows, why) {
  if (why || grid.why) dropCards();
  grid.rows = rows;
  grid.why = why;
  byId('grid').scrollTop = 0;
  layGrid();
}

function revealInGrid(i) {
  const k = grid.rows.indexOf(i), root = byId('grid');
  if (k < 0 || !root.clientHeight) return;
  const top = Math.floor(k / grid.perRow) * cardH;
  if (top < root.scrollTop) root.scrollTop = top;
  else if (top + cardH > root.scrollTop + root.clientHeight) root.scrollTop = top + cardH - root.clientHeight;
  showGrid();
  root.setAttribute('aria-activedescendant', 'row-' + i);
}

// showNone says why nothing is shown: the search found nothing, or which
// condition alone drops what.
function showNone(result) {
  const say = byId('grid-none'), none = result.rows.length === 0;
  say.hidden = !none;
  byId('grid').hidden = none && !result.misses.some(m => m.n);
  if (!none) return;
  say.replaceChildren(make('p', null, t(N === 0 ? 'empty' : 'none')));
  if (N === 0) return;
  const near = result.misses.filter(m => m.n);
  if (!near.length) say.append(make('p', null, t('farther')));
  for (const m of near) {
    say.append(make('p', null, `${t(m.cond.flag)}${colon()}${fmt(m.n)} `,
      make('button', { 'class': 'relax', onclick: () => { m.cond.drop(); update(); } }, t('without'))));
  }
  if (near.length) say.append(make('p', null, t('nearest')));
}

function printGrid() {
  const list = byId('print-list'), some = grid.rows.slice(0, 500);
  list.replaceChildren(...some.map(i => { const el = make('div'); fillCard(el, i, grid.why && grid.why.get(i)); el.removeAttribute('id'); return el; }));
  if (grid.why) list.prepend(make('p', null, t('none') + ' ' + t('nearest')));
  if (some.length < grid.rows.length) list.prepend(make('p', null, t('shownFirst', some.length)));
}

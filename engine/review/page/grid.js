// The pictures of the rows kept. Only those in view are in the document.

const cardW = 180, cardH = 196;
const grid = { rows: [], why: null, cards: new Map(), perRow: 1, step: cardW };

function describe(i) {
  const score = col.class_score[i]; // none where no detector named it
  const parts = [t(meta.classes[col['class'][i]]) + (score ? ' ' + fmt(score / 1000, 2, 2) : '')];
  const worn = wornText(i);
  if (worn) parts.push(worn);
  if (points[i] >= 0) parts.push(t(compass[points[i]]));
  return parts;
}
// wornText is a row's colour; of a person that of the upper, then of the lower
// clothing, where it is known.
function wornText(i) {
  const colour = meta.colours[col.colour[i]], lower = meta.colours[col.lower[i]];
  if (lower !== 'unknown') return t('clothes', colour === 'unknown' ? '?' : t(colour), t(lower));
  return colour === 'unknown' ? '' : t(colour);
}
function startText(i) {
  const r = recOf(i);
  return r.clock_unix_us === null ? '+' + mediaText(col.start[i]) : clockText(r.clock_unix_us + col.start[i]);
}

// plateText is a row's number plate as it may be shown, or nothing.
const plateText = i => col.plate[i] ? (plates.get(i) || { text: '' }).text : '';

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
  const tag = (kind, text, title) => text ? make('span', { 'class': 'tag ' + kind, title }, text) : '';
  const event = col.event[i] ? t('event-' + meta.event_names[col.event[i] - 1]) : '';
  const verdict = status === 'proposed' ? '' : make('span', { 'class': 'mark' }, (status === 'validated' ? '✓ ' : '✗ ') + t(status));
  const start = startText(i).replace(/ \(UTC.*/, '');
  el.replaceChildren(pic, verdict, tag('event', event, event), tag('plate', plateText(i), t('plate')), make('p', null, kind), make('p', null, [...rest, spanText(length(i))].join(' · ')),
    make('p', { title: startText(i) }, start), make('p', why ? { 'class': 'why' } : null, why || `${nameOf(i)} · ${recOf(i).camera}`));
}

function layGrid() {
  const root = byId('grid'), space = byId('grid-space');
  grid.perRow = Math.max(1, Math.floor((root.clientWidth - 4) / cardW));
  grid.step = (root.clientWidth - 4) / grid.perRow;
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
    el.style.width = grid.step - 8 + 'px';
    el.style.left = k % grid.perRow * grid.step + 'px';
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

// wantedText is a condition for people to read.
const wantedText = c => c.wanted ? `${t(c.flag)} ${c.wanted()}` : t(c.flag);

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
    say.append(make('p', null, `${wantedText(m.cond)}${colon()}${fmt(m.n)} `,
      make('button', { 'class': 'relax', onclick: () => { m.cond.drop(); update(); } }, t('without'))));
  }
  if (near.length) say.append(make('p', null, t('nearest')));
}

function printGrid() {
  const list = byId('print-list'), some = grid.rows.slice(0, 500);
  list.replaceChildren(...some.map(i => { const el = make('div'); fillCard(el, i, grid.why && grid.why.get(i)); el.removeAttribute('id'); return el; }));
  list.prepend(make('p', null, `${t('proposal')} ${byId('made').textContent}`));
  if (grid.why) list.prepend(make('p', null, t('none') + ' ' + t('nearest')));
  if (some.length < grid.rows.length) list.prepend(make('p', null, t('shownFirst', some.length)));
}

// The filter: what the page's controls say, which rows it keeps, and how many
// each value would leave. Each condition is worked out as one byte a row, so that
// a change costs a walk over plain bytes however many tracks there are.

const compass = ['N', 'NE', 'E', 'SE', 'S', 'SW', 'W', 'NW'];
const filter = {
  classes: new Set(), colours: new Set(), uppers: new Set(), lowers: new Set(), statuses: new Set(), headings: new Set(), cameras: new Set(), events: new Set(),
  plateRead: false, plate: null, // {pattern, fuzzy, literal, rows: Map of row to why}
  from: null, to: null, // {us, media}
  minDuration: 0, maxDuration: 0, stop: 0, // µs
  minSize: [0, 0], maxSize: [0, 0],
  shapes: [], // {kind, name, points, rule, side, dwell}, in the pictures of shapeRec
};
let shapeRec = 0; // the recording in whose pictures zones and lines are drawn
const shapeCamera = () => cameraOf[shapeRec];

// samePicture tells whether two recordings have pictures of one camera and size:
// a camera may have been recorded in several.
function samePicture(a, b) {
  const r = meta.recordings[a], q = meta.recordings[b];
  return cameraOf[a] === cameraOf[b] && r.width === q.width && r.height === q.height;
}
const sharesPicture = k => samePicture(k, shapeRec);

function clearFilter() {
  for (const k of ['classes', 'colours', 'uppers', 'lowers', 'statuses', 'headings', 'cameras', 'events']) filter[k].clear();
  Object.assign(filter, { plateRead: false, plate: null, from: null, to: null, minDuration: 0, maxDuration: 0, stop: 0, minSize: [0, 0], maxSize: [0, 0], shapes: [] });
}

// bearing is the heading that filters judge: over ground where the search gave
// the camera's north, else in the picture; -1 when it is not known.
const north = meta.recordings.map(r => (meta.flags.north || {})[r.camera] || 0);
const bearings = new Float64Array(N);
const points = new Int8Array(N), pointOrNone = new Uint8Array(N); // compass point of each row; none is -1, or 8
for (let i = 0; i < N; i++) {
  const h = col.heading[i], b = bearings[i] = h < 0 ? -1 : turn(h - north[col.rec[i]]);
  points[i] = b < 0 ? -1 : Math.floor(turn(b + 22.5) / 45) % 8;
  pointOrNone[i] = b < 0 ? 8 : points[i];
}

const length = i => col.end[i] - col.start[i];

// What persons wear; other rows have a value that no name stands for.
const person = meta.classes.indexOf('person'), noClothes = meta.colours.length;
const upperOfRow = col.colour.map((v, i) => col['class'][i] === person ? v : noClothes);
const lowerOfRow = col.lower.map((v, i) => col['class'][i] === person ? v : noClothes);

// The facets: what rows are counted by.
const facetValues = { 'class': col['class'], colour: col.colour, upper: upperOfRow, lower: lowerOfRow, status: col.status, camera: cameraOfRow, heading: pointOrNone, event: col.event, 'plate-read': col.plate };
const facetSizes = { 'class': meta.classes.length, colour: meta.colours.length, upper: noClothes + 1, lower: noClothes + 1, status: meta.statuses.length, camera: cameras.length, heading: 9,
  event: meta.event_names.length + 1, 'plate-read': 2 };
const facetNames = Object.keys(facetValues);

// Answers of shapes and stops, kept by what was asked: unpacking is what costs.
const kept = new Map();
function pathAnswer(key, may, ask) {
  if (kept.has(key)) return kept.get(key);
  if (kept.size > 24) kept.delete(kept.keys().next().value);
  const out = new Uint8Array(N);
  for (let i = 0; i < N; i++) if (may(i) && ask(pathOf(i))) out[i] = 1;
  kept.set(key, out);
  return out;
}

function shapeAnswer(s) {
  const [x0, y0, x1, y1] = boundsOf(s.points), f = col.foot, mine = meta.recordings.map((_, k) => sharesPicture(k));
  return pathAnswer(JSON.stringify([mine, s.kind, s.points, s.rule, s.side, s.dwell]),
    i => mine[col.rec[i]] && x0 <= f[4 * i + 2] && f[4 * i] <= x1 && y0 <= f[4 * i + 3] && f[4 * i + 1] <= y1,
    p => keepsShape(s, p));
}

function keepsShape(s, p) {
  if (s.kind === 'line') {
    let crossed = false;
    crossings(s.points[0], s.points[1], p, toRight => crossed = crossed || !s.side || toRight === (s.side === 'right'));
    return crossed;
  }
  const v = visits(s.points, p);
  if (s.rule === 'enters') return v.some(x => x.entered);
  if (s.rule === 'leaves') return v.some(x => x.left);
  return v.length > 0 && v.reduce((sum, x) => sum + x.to - x.from, 0) >= s.dwell;
}

// facetWord is a facet's value for people to read.
const facetWord = (flag, v) => flag === 'camera' ? cameras[v] : flag === 'event' ? t('event-' + meta.event_names[v - 1]) :
  t({ 'class': meta.classes, colour: meta.colours, upper: meta.colours, lower: meta.colours, status: meta.statuses }[flag][v]);

// bitsWhere is one byte a row: 1 where keeps(row).
function bitsWhere(keeps) {
  const out = new Uint8Array(N);
  for (let i = 0; i < N; i++) if (keeps(i)) out[i] = 1;
  return out;
}

// bitsOf is one byte a row: 1 where the row's value is among those chosen.
function bitsOf(values, chosen) {
  const wanted = new Uint8Array(256 * 256), out = new Uint8Array(N);
  for (const v of chosen) wanted[v] = 1;
  for (let i = 0; i < N; i++) out[i] = wanted[values[i]];
  return out;
}

// conditions lists the tests of the filter: {flag, bits, away(row), drop(),
// wanted()}. away is how far a row that it drops is from being kept, 0 to 1;
// wanted is for people to read.
function conditions() {
  const out = [], f = filter, one = () => 1;
  const set = (flag, chosen, away = one) => {
    if (chosen.size) out.push({ flag, bits: bitsOf(facetValues[flag], chosen), away, drop: () => chosen.clear(), wanted: () => [...chosen].map(v => facetWord(flag, v)).join(', ') });
  };
  set('class', f.classes, i => col.class_score[i] / 1000);
  set('colour', f.colours, i => col.colour_score[i] / 1000);
  set('upper', f.uppers, i => upperOfRow[i] === noClothes ? 1 : col.colour_score[i] / 1000);
  set('lower', f.lowers, i => lowerOfRow[i] === noClothes ? 1 : col.lower_score[i] / 1000);
  set('status', f.statuses);
  set('event', f.events);
  if (f.headings.size) {
    const wanted = [...f.headings];
    out.push({ flag: 'heading', bits: bitsWhere(i => bearings[i] >= 0 && wanted.some(p => insideHeading(bearings[i], p))),
      away: i => points[i] < 0 ? 1 : Math.min(...wanted.map(p => { const d = turn(bearings[i] - p * 45); return Math.max(0, Math.min(d, 360 - d) - 22.5) / 180; })),
      drop: () => f.headings.clear(), wanted: () => wanted.map(p => t(compass[p])).join(', ') });
  }
  if (f.plateRead) out.push({ flag: 'plate-read', bits: col.plate, away: one, drop: () => { f.plateRead = false; } });
  if (f.plate) out.push({ flag: 'plate', bits: bitsWhere(i => f.plate.rows.has(i) && col.plate[i] === 1), away: one, drop: () => { f.plate = null; } });
  set('camera', f.cameras);
  timeConditions(out);
  sizeConditions(out);
  if (f.stop > 0) {
    out.push({ flag: 'stops', bits: pathAnswer('stop ' + f.stop, i => length(i) >= f.stop, p => stops(p, f.stop).length > 0), away: one, drop: () => { f.stop = 0; }, wanted: () => spanText(f.stop) });
  }
  for (const s of f.shapes) out.push({ flag: s.name, bits: shapeAnswer(s), away: one, drop: () => { f.shapes.splice(f.shapes.indexOf(s), 1); } });
  return out;
}

const ratio = (a, b) => a > 0 && b > 0 ? 1 - Math.min(a, b) / Math.max(a, b) : 1;

// boundIn is a bound as media time of a recording, widened by the clock's
// uncertainty, earlier (-1) or later (1); NaN where the clock is not known.
const boundIn = (r, bound, widen) => bound.media ? bound.us : r.clock_unix_us === null ? NaN : bound.us - r.clock_unix_us + widen * r.clock_uncertainty_us;
const boundOf = (bound, widen) => meta.recordings.map(r => boundIn(r, bound, widen));

// backwards tells whether the period ends before it begins, with the bounds of
// the search behind the page: nothing lies in it.
function backwards() {
  const bound = (flag, media, pick) => pick(...[meta.flags[flag], filter[flag]].filter(b => b && Boolean(b.media) === media).map(b => b.us));
  return [false, true].some(media => bound('from', media, Math.max) > bound('to', media, Math.min));
}

function timeConditions(out) {
  const f = filter;
  if (backwards()) out.push({ flag: 'period', bits: new Uint8Array(N), away: () => 1, drop: () => { f.from = f.to = null; } });
  else for (const [flag, times, widen] of [['from', col.end, -1], ['to', col.start, 1]]) {
    if (!f[flag]) continue;
    const at = boundOf(f[flag], widen), exact = boundOf(f[flag], 0);
    out.push({ flag, bits: bitsWhere(flag === 'from' ? i => times[i] >= at[col.rec[i]] : i => times[i] <= at[col.rec[i]]),
      away: i => { const d = Math.abs(times[i] - exact[col.rec[i]]) / 3.6e9; return d < 1 ? d : 1; }, drop: () => { f[flag] = null; }, wanted: () => momentText(f[flag]) });
  }
  if (f.minDuration > 0) out.push({ flag: 'min-duration', bits: bitsWhere(i => length(i) >= f.minDuration), away: i => ratio(length(i), f.minDuration), drop: () => { f.minDuration = 0; }, wanted: () => spanText(f.minDuration) });
  if (f.maxDuration > 0) out.push({ flag: 'max-duration', bits: bitsWhere(i => length(i) <= f.maxDuration), away: i => ratio(length(i), f.maxDuration), drop: () => { f.maxDuration = 0; }, wanted: () => spanText(f.maxDuration) });
}

function sizeConditions(out) {
  const f = filter;
  for (const [flag, own] of [['min-size', 'minSize'], ['max-size', 'maxSize']]) {
    const [w, h] = f[own];
    if (!(w > 0 || h > 0)) continue;
    const fits = flag === 'min-size' ? (v, b) => !(b > 0) || v >= b : (v, b) => !(b > 0) || v <= b;
    out.push({ flag, bits: bitsWhere(i => fits(col.width[i], w) && fits(col.height[i], h)),
      away: i => Math.max(w > 0 ? ratio(col.width[i], w) : 0, h > 0 ? ratio(col.height[i], h) : 0), drop: () => { f[own] = [0, 0]; },
      wanted: () => `${w || '…'}×${h || '…'} px` });
  }
}

// search runs the filter. rows are the rows kept, in order; facet counts say how
// many rows each value would leave with the other conditions as they are;
// misses, by condition, how many rows it alone drops, and which those are.
function search() {
  const conds = conditions(), fails = new Uint16Array(N), by = new Uint16Array(N), rows = [];
  conds.forEach((c, k) => { const bits = c.bits; for (let i = 0; i < N; i++) if (bits[i] === 0) { fails[i]++; by[i] = k; } });
  const facets = {}, n = new Uint32Array(conds.length);
  for (const f of facetNames) facets[f] = new Uint32Array(facetSizes[f]);
  for (let i = 0; i < N; i++) {
    if (fails[i] === 0) rows.push(i);
    else if (fails[i] === 1) n[by[i]]++;
  }
  for (const f of facetNames) {
    const values = facetValues[f], count = facets[f], k = conds.findIndex(c => c.flag === f);
    for (const i of rows) count[values[i]]++;
    if (k >= 0 && n[k]) for (let i = 0; i < N; i++) if (fails[i] === 1 && by[i] === k) count[values[i]]++;
  }
  const dropped = k => { const out = []; for (let i = 0; i < N; i++) if (fails[i] === 1 && by[i] === k) out.push(i); return out; };
  return { rows, facets, misses: conds.map((cond, k) => ({ cond, n: n[k], rows: () => dropped(k) })) };
}

// nearest lists at most n rows that one condition alone drops, the nearest first:
// [away, row, condition].
function nearest(misses, n) {
  const best = [];
  for (const m of misses) {
    for (const i of m.n ? m.rows() : []) {
      const away = m.cond.away(i);
      if (best.length === n && away >= best[n - 1][0]) continue;
      let k = best.length;
      while (k > 0 && best[k - 1][0] > away) k--;
      best.splice(k, 0, [away, i, m.cond]);
      if (best.length > n) best.pop();
    }
  }
  return best;
}

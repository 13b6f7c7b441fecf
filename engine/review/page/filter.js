// The filter: what the page's controls say, which rows it keeps, how many each
// value would leave, and the same search as a command line.

const compass = ['N', 'NE', 'E', 'SE', 'S', 'SW', 'W', 'NW'];
const filter = {
  classes: new Set(), colours: new Set(), statuses: new Set(), headings: new Set(), cameras: new Set(),
  from: null, to: null, // {us, media}
  minDuration: 0, maxDuration: 0, stop: 0, // µs
  minSize: [0, 0], maxSize: [0, 0],
  shapes: [], // {kind, name, points, rule, side, dwell}, of shapeCamera
};
let shapeCamera = 0;

// bearing is the heading that filters judge: over ground where the search gave
// the camera's north, else in the picture; -1 when it is not known.
const north = meta.recordings.map(r => (meta.flags.north || {})[r.camera] || 0);
function bearing(i) {
  const h = col.heading[i];
  return h < 0 ? -1 : turn(h - north[col.rec[i]]);
}
const points = new Int8Array(N); // compass point of each row, -1 for none
for (let i = 0; i < N; i++) {
  const b = bearing(i);
  points[i] = b < 0 ? -1 : Math.floor(turn(b + 22.5) / 45) % 8;
}

const length = i => col.end[i] - col.start[i];

// Answers of shapes and stops, kept by what was asked: unpacking is what costs.
const kept = new Map();
function pathAnswer(key, ask) {
  if (kept.has(key)) return kept.get(key);
  if (kept.size > 24) kept.delete(kept.keys().next().value);
  const out = new Uint8Array(N);
  let whole = true;
  for (let i = 0; i < N; i++) {
    if (!havePath(i)) { whole = false; continue; }
    out[i] = ask(i) ? 1 : 0;
  }
  if (whole) kept.set(key, out);
  return out;
}

function shapeAnswer(s) {
  const box = boundsOf(s.points), f = col.foot;
  return pathAnswer(JSON.stringify([shapeCamera, s]), i => {
    if (cameraOf[col.rec[i]] !== shapeCamera) return false;
    if (!touch(box, f[4 * i], f[4 * i + 1], f[4 * i + 2], f[4 * i + 3])) return false;
    return keepsShape(s, pathOf(i));
  });
}

function keepsShape(s, p) {
  if (s.kind === 'line') {
    return crossings(s.points[0], s.points[1], p).some(c => !s.side || c.toRight === (s.side === 'right'));
  }
  const v = visits(s.points, p);
  if (s.rule === 'enters') return v.some(x => x.entered);
  if (s.rule === 'leaves') return v.some(x => x.left);
  return v.length > 0 && v.reduce((sum, x) => sum + x.to - x.from, 0) >= s.dwell;
}

// conditions lists the tests of the filter: {flag, wanted, keeps(row), away(row)}.
// away is how far a row that it drops is from being kept, 0 to 1.
function conditions() {
  const out = [], f = filter;
  const set = (flag, chosen, value, score) => {
    if (!chosen.size) return;
    out.push({ flag, keeps: i => chosen.has(value(i)), away: score || (() => 1), drop: () => chosen.clear() });
  };
  set('class', f.classes, i => col.class[i], i => col.class_score[i] / 1000);
  set('colour', f.colours, i => col.colour[i], i => col.colour_score[i] / 1000);
  set('status', f.statuses, i => col.status[i]);
  if (f.headings.size) {
    const wanted = [...f.headings];
    out.push({ flag: 'heading', keeps: i => { const b = bearing(i); return b >= 0 && wanted.some(p => insideHeading(b, p)); },
      away: i => points[i] < 0 ? 1 : Math.min(...wanted.map(p => { const d = turn(bearing(i) - p * 45); return Math.max(0, Math.min(d, 360 - d) - 22.5) / 180; })),
      drop: () => f.headings.clear() });
  }
  set('camera', f.cameras, i => cameraOf[col.rec[i]]);
  bounds(out);
  for (const s of f.shapes) {
    const answer = shapeAnswer(s);
    out.push({ flag: s.name, keeps: i => answer[i] === 1, away: () => 1, drop: () => { f.shapes.splice(f.shapes.indexOf(s), 1); } });
  }
  return out;
}

// clockOf is a row's moment in the kind of time of a bound, or NaN; wide widens
// it by the clock's uncertainty.
function clockOf(bound, i, us, wide) {
  if (bound.media) return us;
  const r = recOf(i);
  return r.clock_unix_us === null ? NaN : r.clock_unix_us + us + wide * r.clock_uncertainty_us;
}
const ratio = (a, b) => a > 0 && b > 0 ? 1 - Math.min(a, b) / Math.max(a, b) : 1;

function bounds(out) {
  const f = filter;
  const near = (bound, i, us) => { const d = Math.abs(clockOf(bound, i, us, 0) - bound.us) / 3.6e9; return d < 1 ? d : 1; };
  if (f.from) out.push({ flag: 'from', keeps: i => clockOf(f.from, i, col.end[i], 1) >= f.from.us, away: i => near(f.from, i, col.end[i]), drop: () => { f.from = null; } });
  if (f.to) out.push({ flag: 'to', keeps: i => clockOf(f.to, i, col.start[i], -1) <= f.to.us, away: i => near(f.to, i, col.start[i]), drop: () => { f.to = null; } });
  if (f.minDuration > 0) out.push({ flag: 'min-duration', keeps: i => length(i) >= f.minDuration, away: i => ratio(length(i), f.minDuration), drop: () => { f.minDuration = 0; } });
  if (f.maxDuration > 0) out.push({ flag: 'max-duration', keeps: i => length(i) <= f.maxDuration, away: i => ratio(length(i), f.maxDuration), drop: () => { f.maxDuration = 0; } });
  const [w, h] = f.minSize, [mw, mh] = f.maxSize;
  if (w > 0 || h > 0) out.push({ flag: 'min-size', keeps: i => (!(w > 0) || col.width[i] >= w) && (!(h > 0) || col.height[i] >= h),
    away: i => Math.max(w > 0 ? ratio(col.width[i], w) : 0, h > 0 ? ratio(col.height[i], h) : 0), drop: () => { f.minSize = [0, 0]; } });
  if (mw > 0 || mh > 0) out.push({ flag: 'max-size', keeps: i => (!(mw > 0) || col.width[i] <= mw) && (!(mh > 0) || col.height[i] <= mh),
    away: i => Math.max(mw > 0 ? ratio(col.width[i], mw) : 0, mh > 0 ? ratio(col.height[i], mh) : 0), drop: () => { f.maxSize = [0, 0]; } });
  if (f.stop > 0) {
    const answer = pathAnswer('stop ' + f.stop, i => length(i) >= f.stop && stops(pathOf(i), f.stop).length > 0);
    out.push({ flag: 'stops', keeps: i => answer[i] === 1, away: () => 1, drop: () => { f.stop = 0; } });
  }
}

// search runs the filter. rows are the rows kept, in order; facet counts say how
// many rows each value would leave with the other conditions as they are;
// misses, by condition, which rows it alone drops.
function search() {
  const conds = conditions(), rows = [];
  const facets = { 'class': new Uint32Array(meta.classes.length), colour: new Uint32Array(meta.colours.length),
    status: new Uint32Array(meta.statuses.length), heading: new Uint32Array(8), camera: new Uint32Array(cameras.length) };
  const misses = conds.map(c => ({ cond: c, rows: [] }));
  const tally = (i, only) => {
    if (!only || only === 'class') facets['class'][col.class[i]]++;
    if (!only || only === 'colour') facets.colour[col.colour[i]]++;
    if (!only || only === 'status') facets.status[col.status[i]]++;
    if (!only || only === 'camera') facets.camera[cameraOf[col.rec[i]]]++;
    if ((!only || only === 'heading') && points[i] >= 0) facets.heading[points[i]]++;
  };
  for (let i = 0; i < N; i++) {
    let failed = -1, many = false;
    for (let k = 0; k < conds.length; k++) {
      if (conds[k].keeps(i)) continue;
      if (failed >= 0) { many = true; break; }
      failed = k;
    }
    if (many) continue;
    if (failed < 0) { rows.push(i); tally(i, ''); continue; }
    misses[failed].rows.push(i);
    if (conds[failed].flag in facets) tally(i, conds[failed].flag);
  }
  return { rows, facets, misses };
}

// nearest lists at most n rows that one condition alone drops, the nearest first.
function nearest(misses, n) {
  const all = [];
  for (const m of misses) for (const i of m.rows) all.push([m.cond.away(i), i, m.cond]);
  return all.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, n);
}

const shapeText = s => s.name + '=' + s.points.map(p => p.join(',')).join(' ');

// parseShape reads NAME=x,y x,y …; null when it is none.
function parseShape(text) {
  const m = /^\s*([\p{L}][\p{L}\p{Nd}\-_.]{0,63})\s*=\s*(.+)$/u.exec(text);
  if (!m) return null;
  const points = m[2].trim().split(/\s+/).map(p => p.split(',').map(Number));
  const fine = points.every(p => p.length === 2 && p.every(v => Number.isFinite(v) && Math.abs(v) <= 1e6));
  if (!fine || points.length < 2 || points.length > 256) return null;
  if (points.length === 2 ? String(points[0]) === String(points[1]) : areaOf(points) === 0) return null;
  return { kind: points.length === 2 ? 'line' : 'zone', name: m[1], points };
}
const areaOf = ring => Math.abs(ring.reduce((sum, b, i) => { const a = ring.at(i - 1); return sum + a[0] * b[1] - a[1] * b[0]; }, 0)) / 2;

const goDuration = us => us % 1e6 === 0 ? us / 1e6 + 's' : us % 1000 === 0 ? us / 1000 + 'ms' : us + 'us';
const quote = s => /^[A-Za-z0-9_./:=,@%+-]+$/.test(s) ? s : "'" + s.replaceAll("'", "'\\''") + "'";

// flags are the options of posteriori query for what the page shows: the search
// behind it and the filter together.
function flags() {
  const b = meta.flags, f = filter, out = [...(b.rest || [])], where = b.where ? [b.where] : [];
  const add = (flag, ...values) => { for (const v of values) out.push('--' + flag, v); };
  const list = (flag, base, chosen, names) => {
    let want = [...chosen].sort((x, y) => x - y).map(k => names[k]);
    if (!want.length) want = base || []; else if (base) want = want.filter(x => base.includes(x));
    if (want.length) flag === 'camera' ? add(flag, ...want) : add(flag, want.join(','));
    else if (base) where.push('false'); // chosen values that the search behind the page leaves out
  };
  list('class', b.classes, f.classes, meta.classes);
  list('colour', b.colours, f.colours, meta.colours);
  list('status', b.statuses, f.statuses, meta.statuses);
  const cams = f.shapes.length ? new Set([shapeCamera]) : f.cameras;
  list('camera', b.cameras, f.shapes.length && f.cameras.size && !f.cameras.has(shapeCamera) ? f.cameras : cams, cameras);
  const heads = [...f.headings].sort((x, y) => x - y).map(k => compass[k]);
  if (heads.length && b.headings) where.push(heads.map(h => `heads("${h}")`).join(' or '));
  else if (heads.length) add('heading', heads.join(','));
  moments(add);
  const longest = Math.max(b.min_duration_us || 0, f.minDuration), shortest = Math.min(b.max_duration_us || Infinity, f.maxDuration || Infinity);
  if (longest > 0) add('min-duration', goDuration(longest));
  if (shortest < Infinity) add('max-duration', goDuration(shortest));
  const size = (flag, base, own, pick) => {
    const wh = [0, 1].map(k => base[k] && own[k] ? pick(base[k], own[k]) : base[k] || own[k]);
    if (wh[0] > 0) add(flag, wh[0] + 'x' + (wh[1] || (flag === 'min-size' ? 1 : 65535)));
    else if (wh[1] > 0) add(flag, String(wh[1]));
  };
  size('min-size', b.min_size, f.minSize, Math.max);
  size('max-size', b.max_size, f.maxSize, Math.min);
  const stop = Math.max(b.stop_us || 0, f.stop);
  if (stop > 0) add('stops', goDuration(stop));
  for (const s of f.shapes) {
    add(s.kind, shapeText(s));
    if (s.kind === 'line') add('crosses', s.name + (s.side ? ':' + s.side : ''));
    else if (s.rule === 'dwell') add('dwell', goDuration(s.dwell) + '@' + s.name);
    else add(s.rule, s.name);
  }
  if (where.length) add('where', where.length > 1 ? where.map(w => `(${w})`).join(' and ') : where[0]);
  return out;
}

// moments adds --from and --to. Of two of one kind the narrower holds; a second
// of the other kind cannot be said, so the filter's own wins there.
function moments(add) {
  for (const [flag, pick] of [['from', Math.max], ['to', Math.min]]) {
    const base = meta.flags[flag], own = filter[flag];
    if (!own) { if (base) add(flag, base); continue; }
    const baseUS = base && /^\d{4}-/.test(base) && !own.media ? Date.parse(base) * 1000 : NaN;
    const us = Number.isNaN(baseUS) ? own.us : pick(baseUS, own.us);
    add(flag, own.media ? goDuration(us) : isoText(us));
  }
}

const commandLine = (verb = 'query', ...more) =>
  ['posteriori', verb, '-p', meta.procedure, ...flags(), ...more].map(quote).join(' ');

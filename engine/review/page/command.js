// Zones and lines as text, and what the page shows as a command line: the search
// behind it and the filter together, so that posteriori query gives the same rows.

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

// flags are the options of posteriori query for what the page shows.
function flags() {
  const out = [...(meta.flags.rest || [])], where = meta.flags.where ? [meta.flags.where] : [];
  const add = (flag, ...values) => { for (const v of values) out.push('--' + flag, v); };
  listFlags(add, where);
  momentFlags(add, where);
  numberFlags(add, where);
  if (filter.plate) plateFlags(add, out);
  if (meta.flags.plate_read || filter.plateRead) out.push('--plate-read');
  for (const s of filter.shapes) {
    add(s.kind, shapeText(s));
    if (s.kind === 'line') add('crosses', s.name + (s.side ? ':' + s.side : ''));
    else if (s.rule === 'dwell') add('dwell', goDuration(s.dwell) + '@' + s.name);
    else add(s.rule, s.name);
  }
  if (where.length) add('where', where.length > 1 ? where.map(w => `(${w})`).join(' and ') : where[0]);
  return out;
}

function listFlags(add, where) {
  const b = meta.flags, f = filter;
  const list = (flag, base, chosen, names) => {
    let want = [...chosen].sort((x, y) => x - y).map(k => names[k]);
    if (!want.length) want = base || []; else if (base) want = want.filter(x => base.includes(x));
    if (want.length) flag === 'camera' ? add(flag, ...want) : add(flag, want.join(','));
    else if (base) where.push('false'); // chosen values that the search behind the page leaves out
  };
  list('class', b.classes, f.classes, meta.classes);
  list('colour', b.colours, f.colours, meta.colours);
  list('upper', b.uppers, f.uppers, meta.colours);
  list('lower', b.lowers, f.lowers, meta.colours);
  list('status', b.statuses, f.statuses, meta.statuses);
  list('event', b.events, f.events, ['', ...meta.event_names]);
  const elsewhere = f.shapes.length && f.cameras.size && !f.cameras.has(shapeCamera());
  if (elsewhere) where.push('false'); // a zone of one camera, and only others chosen
  list('camera', b.cameras, f.shapes.length && !elsewhere ? new Set([shapeCamera()]) : f.cameras, cameras);
  recordingFlags(add, where);
  const heads = [...f.headings].sort((x, y) => x - y).map(k => compass[k]);
  if (heads.length && b.headings) where.push(heads.map(h => `heads("${h}")`).join(' or '));
  else if (heads.length) add('heading', heads.join(','));
}

// recordingFlags names recordings where the search behind the page does, and where
// only some of a camera's have pictures of the size that a zone was drawn in.
function recordingFlags(add, where) {
  const base = meta.flags.recordings;
  let ids = base || [];
  if (filter.shapes.length && meta.recordings.some((_, k) => cameraOf[k] === shapeCamera() && !sharesPicture(k))) {
    ids = meta.recordings.filter((r, k) => sharesPicture(k)).map(r => r.id);
    if (base) ids = ids.filter(id => base.includes(id));
  }
  add('recording', ...ids);
  if (base && !ids.length) where.push('false');
}

// momentFlags adds --from and --to. Of two of one kind the narrower holds; where
// they are a clock time and a media time, the latter goes into the expression.
function momentFlags(add, where) {
  if (backwards()) where.push('false');
  for (const [flag, pick, side] of [['from', Math.max, 'end_s >='], ['to', Math.min, 'start_s <=']]) {
    const base = meta.flags[flag], own = backwards() ? null : filter[flag], both = [base, own].filter(Boolean);
    const clock = both.filter(b => !b.media).map(b => b.us), media = both.filter(b => b.media).map(b => b.us);
    if (clock.length) add(flag, isoText(pick(...clock)));
    else if (media.length) add(flag, goDuration(pick(...media)));
    if (clock.length && media.length) where.push(`${side} ${pick(...media) / 1e6}`);
  }
}

function numberFlags(add, where) {
  const b = meta.flags, f = filter;
  const longest = Math.max(b.min_duration_us || 0, f.minDuration), shortest = Math.min(b.max_duration_us || Infinity, f.maxDuration || Infinity);
  if (longest > 0) add('min-duration', goDuration(longest));
  if (shortest < longest) where.push(`duration <= ${shortest / 1e6}`); // as two options it would be a mistake
  else if (shortest < Infinity) add('max-duration', goDuration(shortest));
  const size = (flag, base, own, pick) => {
    const wh = [0, 1].map(k => base[k] && own[k] ? pick(base[k], own[k]) : base[k] || own[k]);
    if (wh[0] > 0) add(flag, wh[0] + 'x' + (wh[1] || 0));
    else if (wh[1] > 0) add(flag, String(wh[1]));
  };
  size('min-size', b.min_size, f.minSize, Math.max);
  size('max-size', b.max_size, f.maxSize, Math.min);
  const stop = Math.max(b.stop_us || 0, f.stop);
  if (stop > 0) add('stops', goDuration(stop));
}

function plateFlags(add, out) {
  const p = filter.plate;
  add('plate', p.pattern);
  if (p.fuzzy) add('plate-fuzzy', String(p.fuzzy));
  if (p.literal) out.push('--plate-literal');
}

const commandLine = (verb = 'query', ...more) =>
  ['posteriori', verb, '-p', meta.procedure, ...flags(), ...more].map(quote).join(' ');

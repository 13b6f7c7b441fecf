// The timeline of the whole search: a lane for each camera, what of each
// recording was seen and what was not, and how many objects when.

const kinds = ['seen', 'relearning', 'triaged', 'not-analysed', 'covered', 'damaged', 'gap']; // the worst last: it is drawn over the rest
const kindColour = { seen: '#cfe3cf', relearning: '#f4d58d', 'not-analysed': '#ffffff', triaged: '#dfe7ee', covered: '#8d99ae', damaged: '#d1495b', gap: '#3d405b' };
const laneH = 28, axisH = 18, labelW = 150;

const line = { from: 0, to: 1, drag: null, offset: null, paper: false };

// Recordings with a clock share one scale; each without one has a scale of its
// own, media time, after them.
function laneList() {
  const lanes = new Map();
  meta.recordings.forEach((r, k) => {
    const key = (r.clock_unix_us === null ? 'media ' + k : 'clock ') + r.camera;
    if (!lanes.has(key)) lanes.set(key, { camera: r.camera, media: r.clock_unix_us === null, recs: [] });
    lanes.get(key).recs.push(k);
  });
  return [...lanes.values()].sort((a, b) => a.media - b.media);
}
const lanes = laneList();
const clockLanes = lanes.filter(l => !l.media).length, bothKinds = clockLanes > 0 && clockLanes < lanes.length;
// laneTop is where a lane begins: those without a clock stand under an axis of their own.
const laneTop = k => k * laneH + (bothKinds && k >= clockLanes ? axisH : 0);
const laneAt = y => lanes.findLastIndex((_, k) => y >= laneTop(k));
const originOf = k => meta.recordings[k].clock_unix_us === null ? 0 : meta.recordings[k].clock_unix_us;

// segments are the stretches of time in which any recording runs. Holes between
// them that are long beside them are drawn short, with a break mark.
function segmentsOf(media) {
  const spans = [];
  meta.recordings.forEach((r, k) => { if ((r.clock_unix_us === null) === media) spans.push([originOf(k), originOf(k) + r.length_us]); });
  spans.sort((a, b) => a[0] - b[0]);
  const out = [];
  for (const s of spans) {
    const last = out[out.length - 1];
    if (last && s[0] <= last[1]) last[1] = Math.max(last[1], s[1]); else out.push([...s]);
  }
  const total = out.reduce((n, s) => n + s[1] - s[0], 0) || 1, joined = [];
  for (const s of out) {
    const last = joined[joined.length - 1];
    if (last && s[0] - last[1] < total * .15) last[1] = s[1]; else joined.push(s);
  }
  return joined;
}

// A scale maps µs to 0..1 over the segments, with a hundredth for each hole.
function scaleOf(segments) {
  const total = segments.reduce((n, s) => n + s[1] - s[0], 0) || 1, hole = .012;
  const share = Math.max(.2, 1 - hole * (segments.length - 1));
  let at = 0;
  const parts = segments.map(s => { const w = (s[1] - s[0]) / total * share, p = { us: s[0], end: s[1], at, w }; at += w + hole; return p; });
  const all = at - hole || 1;
  return {
    parts,
    x: us => {
      let p = parts[0];
      for (const q of parts) if (us >= q.us) p = q;
      return (p.at + Math.max(0, Math.min(p.w, (us - p.us) / (p.end - p.us || 1) * p.w))) / all;
    },
    us: x => {
      let p = parts[0];
      for (const q of parts) if (x * all >= q.at) p = q;
      return Math.round(p.us + Math.max(0, Math.min(1, (x * all - p.at) / (p.w || 1))) * (p.end - p.us));
    },
  };
}
const clockScale = scaleOf(segmentsOf(false).length ? segmentsOf(false) : [[0, 1]]);
const mediaScale = scaleOf(segmentsOf(true).length ? segmentsOf(true) : [[0, 1]]);
const scaleFor = lane => lane.media ? mediaScale : clockScale;

function xOf(lane, us, width) {
  return labelW + (scaleFor(lane).x(us) - line.from) / (line.to - line.from) * (width - labelW - 6);
}
function usOf(lane, x, width) {
  return scaleFor(lane).us(line.from + (x - labelW) / (width - labelW - 6) * (line.to - line.from));
}

let hatch = null;
function hatching(g) {
  if (hatch) return hatch;
  const c = make('canvas', { width: 6, height: 6 }), h = c.getContext('2d');
  h.strokeStyle = '#5b6472';
  h.beginPath(); h.moveTo(0, 6); h.lineTo(6, 0); h.stroke();
  return hatch = g.createPattern(c, 'repeat');
}

function fillKind(g, kind, x, y, w, h) {
  g.fillStyle = kindColour[kind] || '#fff';
  g.fillRect(x, y, w, h);
  if (kind === 'not-analysed') { g.fillStyle = hatching(g); g.fillRect(x, y, w, h); }
}

// On paper the timeline is as wide as A4 across (see @page), and sharp; other
// paper scales it evenly.
const paperW = 1031, paperSharp = 3;
function printTimeline(on) { line.paper = on; drawTimeline(); }

function drawTimeline() {
  const canvas = byId('timeline'), width = line.paper ? paperW : canvas.parentElement.clientWidth, height = Math.max(1, laneTop(lanes.length));
  const g = fitCanvas(canvas, width, height);
  canvas.style.height = height + 'px';
  g.fillStyle = '#fff'; g.fillRect(0, 0, width, height);
  const bins = densities(width);
  lanes.forEach((lane, k) => drawLane(g, lane, laneTop(k), width, bins[k]));
  if (bothKinds) drawAxis(g, lanes[clockLanes], width, clockLanes * laneH);
  drawPeriod(g, width);
  g.fillStyle = '#fff'; g.fillRect(0, 0, labelW - 4, height);
  g.fillStyle = '#1b1f24'; g.font = '12px system-ui, sans-serif'; g.textBaseline = 'middle';
  lanes.forEach((lane, k) => {
    g.fillText(clip(g, lane.camera, labelW - 14), 2, laneTop(k) + laneH / 2);
  });
  if (bothKinds) { g.fillStyle = '#4b5563'; g.fillText(clip(g, t('noclock'), labelW - 14), 2, clockLanes * laneH + axisH / 2); }
  const axis = byId('axis'), a = fitCanvas(axis, width, axisH);
  axis.style.height = axisH + 'px';
  a.fillStyle = '#fff'; a.fillRect(0, 0, width, axisH);
  if (lanes.length) drawAxis(a, lanes[0], width, 0);
  const seenUS = meta.scope.recordings.reduce((n, r) => n + ((r.us || {}).seen || 0), 0);
  canvas.setAttribute('aria-label', `${t('timeline')}${colon()}${lanes.map(l => l.camera).join(', ')}; ${t('seen')} ${spanText(seenUS)}`);
}

function clip(g, text, w) {
  if (g.measureText(text).width <= w) return text;
  while (text.length > 1 && g.measureText(text + '…').width > w) text = text.slice(0, -1);
  return text + '…';
}

function drawLane(g, lane, y, width, bins) {
  for (const k of lane.recs) {
    const r = meta.recordings[k], o = originOf(k), at = us => xOf(lane, o + us, width);
    const x0 = at(0), x1 = Math.max(at(r.length_us), x0 + 1);
    if (x1 < labelW || x0 > width) continue;
    fillKind(g, 'not-analysed', x0, y + 4, x1 - x0, laneH - 8); // what no coverage says was seen was not
    for (const kind of kinds) {
      for (const c of r.coverage) {
        if (c.kind !== kind) continue;
        const a = at(c.from_us), b = Math.max(at(c.to_us), a + (kind === 'seen' ? 0 : 1));
        fillKind(g, kind, a, y + 4, b - a, laneH - 8);
      }
    }
    g.strokeStyle = '#5b6472'; g.lineWidth = 1;
    g.strokeRect(Math.round(x0) + .5, y + 4.5, Math.round(x1 - x0), laneH - 9);
  }
  drawDensity(g, lane, y, width, bins);
}

// densities counts, for each lane and pixel, how many of the rows kept are in
// view. Within a recording the scale is a straight line.
function densities(width) {
  const w = Math.floor(width), bins = lanes.map(() => new Int32Array(w + 2)), laneOf = [], x0 = [], slope = [];
  lanes.forEach((lane, n) => lane.recs.forEach(k => {
    const o = originOf(k), us = meta.recordings[k].length_us;
    laneOf[k] = bins[n]; x0[k] = xOf(lane, o, width); slope[k] = (xOf(lane, o + us, width) - x0[k]) / us;
  }));
  for (const i of current.rows) {
    const k = col.rec[i], a = Math.floor(x0[k] + slope[k] * col.start[i]), b = Math.floor(x0[k] + slope[k] * col.end[i]);
    if (b < 0 || a > w) continue;
    laneOf[k][a > 0 ? a : 0]++;
    laneOf[k][(b < w ? b : w) + 1]--;
  }
  return bins;
}

// drawDensity shows how many of the rows kept are in view at each moment.
function drawDensity(g, lane, y, width, bins) {
  const w = bins.length - 2;
  let most = 1, n = 0;
  for (let x = 0; x <= w; x++) { n += bins[x]; most = Math.max(most, n); }
  n = 0;
  g.fillStyle = '#0b4f9e';
  for (let x = 0; x <= w; x++) {
    n += bins[x];
    if (n > 0 && x >= labelW) { const h = Math.max(3, n / most * (laneH - 8) * .65); g.fillRect(x, y + laneH - 5 - h, 1, h); }
  }
  if (selected >= 0 && lane.recs.includes(col.rec[selected])) {
    const o = originOf(col.rec[selected]), a = xOf(lane, o + col.start[selected], width), b = xOf(lane, o + col.end[selected], width);
    g.fillStyle = '#e07b00';
    g.fillRect(a, y + 1, Math.max(3, b - a), 4);
  }
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
function drawAxis(g, lane, width, y) {
  g.fillStyle = '#4b5563'; g.strokeStyle = '#8a93a0'; g.font = '11px system-ui, sans-serif'; g.textBaseline = 'top';
  let last = -1e9;
  line.offset = null;
  const parts = scaleFor(lane).parts;
  parts.forEach((p, k) => {
    const x0 = xOf(lane, p.us, width), x1 = xOf(lane, p.end, width), perUS = (x1 - x0) / (p.end - p.us || 1);
    if (x1 < labelW || x0 > width) return;
    const step = (steps.find(s => s * 1e6 * perUS >= 90) || 604800) * 1e6;
    const from = Math.max(p.us, usOf(lane, labelW, width)), to = Math.min(p.end, usOf(lane, width, width));
    const offset = lane.media ? 0 : offsetAt(from);
    for (let us = Math.ceil((from + offset) / step) * step - offset, first = true; us <= to; us += step, first = false) {
      const next = parts[k + 1] && xOf(lane, parts[k + 1].us, width) - 12; // where the next part's own time stands
      last = tick(g, lane, us, step, y, width, last, first || !next ? width : Math.min(width, next));
    }
    if (last === -1e9) last = tick(g, lane, Math.max(from, p.us), step, y, width, last, width);
    if (k > 0) { g.beginPath(); g.moveTo(x0 - 8, y); g.lineTo(x0 - 10, y + 5); g.moveTo(x0 - 4, y); g.lineTo(x0 - 6, y + 5); g.stroke(); }
  });
}
function offsetAt(us) {
  const o = /([+-])(\d\d):(\d\d)/.exec(partsAt(us).offset);
  return o ? (o[1] === '-' ? -1 : 1) * (+o[2] * 60 + +o[3]) * 6e7 : 0;
}
// tick draws a stroke and, where it is free from last to limit, its time.
function tick(g, lane, us, step, y, width, last, limit) {
  const x = xOf(lane, us, width);
  if (x < labelW || x > width - 2) return last;
  g.beginPath(); g.moveTo(Math.round(x) + .5, y); g.lineTo(Math.round(x) + .5, y + 4); g.stroke();
  let text = mediaText(us).replace(/[.,]0$/, '');
  if (!lane.media) {
    const p = partsAt(us);
    text = `${p.hour}:${p.minute}` + (step < 6e7 ? ':' + p.second : '');
    if (last === -1e9 || p.hour + p.minute === '0000') text = `${dateText(us)} ${text}`;
    if (p.offset !== line.offset) text += ` (UTC${p.offset})`; // the night on which clocks change has an hour twice
  }
  const w = g.measureText(text).width;
  if (x < last || x + w > limit) return last;
  if (!lane.media) line.offset = partsAt(us).offset;
  g.fillText(text, x + 2, y + 5);
  return x + w + 10;
}

function drawPeriod(g, width) {
  lanes.forEach((lane, k) => {
    const side = b => b && Boolean(b.media) === lane.media;
    if (!side(filter.from) && !side(filter.to)) return;
    const a = side(filter.from) ? xOf(lane, filter.from.us, width) : labelW, b = side(filter.to) ? xOf(lane, filter.to.us, width) : width;
    const y = laneTop(k);
    g.fillStyle = 'rgba(224,123,0,.18)'; g.fillRect(a, y, b - a, laneH);
    g.strokeStyle = '#b35f00'; g.lineWidth = 2;
    g.beginPath(); g.moveTo(a, y); g.lineTo(a, y + laneH); g.moveTo(b, y); g.lineTo(b, y + laneH); g.stroke();
  });
}

function fitCanvas(canvas, width, height) {
  const d = line.paper ? paperSharp : window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * d)); canvas.height = Math.max(1, Math.round(height * d));
  const g = canvas.getContext('2d');
  g.scale(d, d);
  return g;
}

function zoomTimeline(factor, at = .5) {
  const w = Math.min(1, Math.max(1e-5, (line.to - line.from) * factor)), x = line.from + at * (line.to - line.from);
  line.from = Math.max(0, Math.min(1 - w, x - at * w));
  line.to = line.from + w;
  drawTimeline();
}
function panTimeline(share) {
  const w = line.to - line.from;
  line.from = Math.max(0, Math.min(1 - w, line.from + share * w));
  line.to = line.from + w;
  drawTimeline();
}

function startTimeline() {
  const canvas = byId('timeline'), width = () => canvas.parentElement.clientWidth;
  const place = e => { const r = canvas.getBoundingClientRect(); return [e.clientX - r.left, lanes[Math.max(0, laneAt(e.clientY - r.top))]]; };
  canvas.addEventListener('pointerdown', e => { if (!lanes.length) return; const [x, lane] = place(e); line.drag = { x, lane }; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener('pointerup', e => {
    const d = line.drag, [x] = place(e);
    line.drag = null;
    if (!d || x < labelW && d.x < labelW) return;
    if (Math.abs(x - d.x) < 5) { filter.from = filter.to = null; update(); return; }
    const [a, b] = [Math.min(x, d.x), Math.max(x, d.x)].map(v => usOf(d.lane, Math.max(v, labelW), width()));
    const whole = us => d.lane.media ? us : Math.round(us / 1e5) * 1e5;
    filter.from = { us: whole(a), media: d.lane.media };
    filter.to = { us: whole(b), media: d.lane.media };
    update();
  });
  canvas.addEventListener('wheel', e => { if (!e.ctrlKey && !e.shiftKey) return; e.preventDefault(); const [x] = place(e); zoomTimeline(e.deltaY > 0 ? 1.25 : .8, Math.max(0, (x - labelW) / (width() - labelW))); }, { passive: false });
  canvas.addEventListener('keydown', e => {
    const act = { '+': () => zoomTimeline(.5), '=': () => zoomTimeline(.5), '-': () => zoomTimeline(2), '0': () => { line.from = 0; line.to = 1; drawTimeline(); },
      ArrowLeft: () => panTimeline(-.2), ArrowRight: () => panTimeline(.2) }[e.key];
    if (act) { act(); e.preventDefault(); e.stopPropagation(); }
  });
  byId('zoom-in').onclick = () => zoomTimeline(.5);
  byId('zoom-out').onclick = () => zoomTimeline(2);
  byId('zoom-all').onclick = () => { line.from = 0; line.to = 1; drawTimeline(); };
}

function showLegend() {
  const present = new Set(['seen', 'not-analysed', 'damaged', 'gap', ...meta.recordings.flatMap(r => r.coverage.map(c => c.kind))]);
  byId('legend').replaceChildren(...kinds.filter(k => present.has(k)).map(k => {
    const i = make('i');
    i.style.background = k === 'not-analysed' ? 'repeating-linear-gradient(135deg,#fff 0 3px,#5b6472 3px 4px)' : kindColour[k];
    const us = meta.scope.recordings.reduce((n, r) => n + ((r.us || {})[k] || 0), 0);
    return make('span', { 'data-kind': k }, i, `${t(k)} ${spanText(us)}`);
  }));
}

// scopeNow says what the filter asks for and how much of that was seen, µs, as
// query.Scope does: where spans of several kinds cover a moment the worst holds,
// and what none covers was not analysed.
function scopeNow() {
  const out = { asked: 0, seen: 0, noClock: 0 }, f = filter, bounds = [meta.flags.from, meta.flags.to, f.from, f.to];
  meta.recordings.forEach((r, k) => {
    if (f.cameras.size && !f.cameras.has(cameraOf[k]) || f.shapes.length && !sharesPicture(k)) return;
    const at = [-1, 1, -1, 1].map((widen, n) => bounds[n] ? boundIn(r, bounds[n], widen) : widen < 0 ? 0 : r.length_us);
    if (at.some(Number.isNaN)) { out.noClock++; return; }
    const from = Math.max(0, at[0], at[2]), to = Math.min(r.length_us, at[1], at[3]);
    if (to <= from) return;
    out.asked += to - from;
    out.seen += seenWithin(r, from, to);
  });
  return out;
}

// seenWithin is how much of [from, to) of a recording was seen and nothing worse.
function seenWithin(r, from, to) {
  const edges = [];
  for (const c of r.coverage) {
    const a = Math.max(c.from_us, from), b = Math.min(c.to_us, to), bad = c.kind === 'seen' ? 0 : 1;
    if (a < b) edges.push([a, 1, bad], [b, -1, bad]);
  }
  edges.sort((x, y) => x[0] - y[0]);
  let seen = 0, last = from;
  const open = [0, 0];
  for (const [at, step, bad] of edges) {
    if (open[0] > 0 && open[1] === 0) seen += at - last;
    last = at;
    open[bad] += step;
  }
  return seen;
}

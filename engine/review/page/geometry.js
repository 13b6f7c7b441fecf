// The rules for zones, lines and stops of engine/scene, word for word: what the
// page says of a path is what posteriori query says. A path is an object of
// arrays t, x, y, w, h (µs, pixels) and the number n of its points.

const edgeShare = 0.1, edgeHoldUS = 1e6, minEdgePX = 1, zoneShare = 0.25, onEdge = 1e-9;
const stopShare = 0.15, minStopPX = 2;

const far = (x, y) => Math.sqrt(x * x + y * y); // Math.hypot is many times slower
const footX = (p, i) => p.x[i] + p.w[i] / 2, footY = (p, i) => p.y[i] + p.h[i];
const edgeWidth = (p, i) => Math.max(minEdgePX, edgeShare * Math.min(p.w[i], p.h[i]));
const timeAt = (p, i, s) => p.t[i - 1] + Math.round(s * (p.t[i] - p.t[i - 1]));

function boundsOf(points) {
  let [x0, y0] = points[0], x1 = x0, y1 = y0;
  for (const [x, y] of points) {
    x0 = Math.min(x0, x); y0 = Math.min(y0, y); x1 = Math.max(x1, x); y1 = Math.max(y1, y);
  }
  return [x0, y0, x1, y1];
}

const touch = (a, x0, y0, x1, y1) => a[0] <= x1 && x0 <= a[2] && a[1] <= y1 && y0 <= a[3];

function segmentDist(px, py, a, b) {
  const abx = b[0] - a[0], aby = b[1] - a[1], n = abx * abx + aby * aby;
  if (n === 0) return far(px - a[0], py - a[1]);
  const t = Math.max(0, Math.min(1, ((px - a[0]) * abx + (py - a[1]) * aby) / n));
  return far(px - (a[0] + t * abx), py - (a[1] + t * aby));
}

// contains counts the edges that a ray to the right meets (Shimrat, CACM 5(8),
// 1962); a point on the ring is in.
function contains(ring, x, y, box) {
  if (box && (x < box[0] - 1 || x > box[2] + 1 || y < box[1] - 1 || y > box[3] + 1)) return false;
  let inside = false;
  for (let i = 0, a = ring[ring.length - 1]; i < ring.length; a = ring[i++]) {
    const b = ring[i];
    if (segmentDist(x, y, a, b) <= onEdge) return true;
    if ((a[1] > y) !== (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])) inside = !inside;
  }
  return inside;
}

function ringDist(ring, x, y) {
  let d = Infinity;
  for (let i = 0, a = ring[ring.length - 1]; i < ring.length; a = ring[i++]) d = Math.min(d, segmentDist(x, y, a, ring[i]));
  return d;
}

// meet is how far along p–q the segments p–q and a–b meet; -1 when they do not.
function meet(px, py, qx, qy, a, b) {
  const pqx = qx - px, pqy = qy - py, abx = b[0] - a[0], aby = b[1] - a[1];
  const den = pqx * aby - pqy * abx;
  if (den === 0) return -1;
  const apx = a[0] - px, apy = a[1] - py;
  const s = (apx * aby - apy * abx) / den, t = (apx * pqy - apy * pqx) / den;
  return s >= 0 && s <= 1 && t >= 0 && t <= 1 ? s : -1;
}

const counts = r => r.depth >= 1 || r.to - r.from >= edgeHoldUS;

// visits lists the stays of a path in a zone: [{from, to, entered, left}].
function visits(ring, p) {
  if (p.n === 0) return [];
  const box = boundsOf(ring);
  let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
  for (let i = 0; i < p.n; i++) {
    const x = footX(p, i), y = footY(p, i);
    x0 = Math.min(x0, x); x1 = Math.max(x1, x); y0 = Math.min(y0, y); y1 = Math.max(y1, y);
  }
  if (!touch(box, x0, y0, x1, y1)) return [];
  const all = settle(runsOf(ring, box, p)), out = [];
  all.forEach((r, i) => { if (r.inside) out.push({ from: r.from, to: r.to, entered: i > 0, left: i < all.length - 1 }); });
  return out;
}

function runsOf(ring, box, p) {
  const limit = zoneShare * Math.min(box[2] - box[0], box[3] - box[1]), out = [];
  const add = (inside, from, to, x, y, i) => {
    let r = out[out.length - 1];
    if (!r || r.inside !== inside) out.push(r = { inside, from, to, depth: 0 });
    r.to = to;
    if (r.depth < 1) r.depth = Math.max(r.depth, ringDist(ring, x, y) / Math.max(onEdge, Math.min(limit, edgeWidth(p, i))));
  };
  add(contains(ring, footX(p, 0), footY(p, 0), box), p.t[0], p.t[0], footX(p, 0), footY(p, 0), 0);
  for (let i = 1; i < p.n; i++) {
    const ax = footX(p, i - 1), ay = footY(p, i - 1), bx = footX(p, i), by = footY(p, i);
    if (!touch(box, Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by))) {
      add(false, p.t[i - 1], p.t[i], bx, by, i);
      continue;
    }
    const cuts = cutsOf(ring, ax, ay, bx, by);
    for (let k = 1; k < cuts.length; k++) {
      const s = (cuts[k - 1] + cuts[k]) / 2, mx = ax + s * (bx - ax), my = ay + s * (by - ay);
      add(contains(ring, mx, my, box), timeAt(p, i, cuts[k - 1]), timeAt(p, i, cuts[k]), mx, my, i);
    }
    const last = out[out.length - 1];
    if (last.depth < 1 && last.inside === contains(ring, bx, by, box)) add(last.inside, last.from, p.t[i], bx, by, i);
  }
  return out;
}

const whole = [0, 1]; // a way that meets no edge
function cutsOf(ring, ax, ay, bx, by) {
  let out = whole;
  if (ax === bx && ay === by) return out;
  for (let i = 0, a = ring[ring.length - 1]; i < ring.length; a = ring[i++]) {
    const s = meet(ax, ay, bx, by, a, ring[i]);
    if (s > 0 && s < 1) { if (out === whole) out = [0, 1]; out.push(s); }
  }
  return out === whole ? out : out.sort((a, b) => a - b);
}

function settle(runs) {
  let out = [];
  for (const r of runs) {
    const n = out.length;
    if (n > 0 && (out[n - 1].inside === r.inside || !counts(r))) {
      out[n - 1].to = r.to;
      out[n - 1].depth = Math.max(out[n - 1].depth, r.depth);
      continue;
    }
    if (n === 1 && !counts(out[0])) {
      r.from = out[0].from; // a path that begins with a tremble
      out = [];
    }
    out.push(r);
  }
  return out;
}

// crossings lists the ways of a path's foot across a line, [{t, toRight}], up to
// the first of which enough(toRight) is true.
function crossings(a, b, p, enough) {
  const abx = b[0] - a[0], aby = b[1] - a[1], length = far(abx, aby), out = [];
  let net = 0, last = 0, clear = false, right = false, since = p.t[0], done = false;
  const settled = () => {
    if (net !== 0) { out.push({ t: last, toRight: net > 0 }); done = enough !== undefined && enough(net > 0); }
    net = 0;
  };
  for (let i = 0; i < p.n && !done; i++) {
    const d = abx * (footY(p, i) - a[1]) - aby * (footX(p, i) - a[0]);
    if (i === 0) right = d > 0;
    if (i > 0 && (d > 0) !== right) {
      right = !right; since = p.t[i];
      const s = meet(footX(p, i - 1), footY(p, i - 1), footX(p, i), footY(p, i), a, b);
      if (s >= 0) { net += right ? 1 : -1; last = timeAt(p, i, s); }
    }
    if (Math.abs(d) / length >= edgeWidth(p, i) || p.t[i] - since >= edgeHoldUS) { settled(); clear = true; }
  }
  if (clear && !done) settled(); // the path ended as it went across
  return out;
}

// stops lists the stretches of at least min µs in which the object stood.
function stops(p, min) {
  const out = [];
  for (let i = 0; i < p.n;) {
    const r = Math.max(minStopPX, stopShare * Math.sqrt(Math.max(0, p.w[i]) * Math.max(0, p.h[i]))), x = footX(p, i), y = footY(p, i);
    let j = i;
    while (j + 1 < p.n && far(footX(p, j + 1) - x, footY(p, j + 1) - y) <= r) j++;
    if (j > i && p.t[j] - p.t[i] >= min) { out.push([p.t[i], p.t[j]]); i = j + 1; } else i++;
  }
  return out;
}

// boxAt is the box [x, y, w, h] at a media time, or null where the path has none.
function boxAt(p, t) {
  if (p.n === 0 || t < p.t[0] || t > p.t[p.n - 1]) return null;
  let lo = 0, hi = p.n - 1;
  while (lo < hi) { const m = (lo + hi) >> 1; if (p.t[m] >= t) hi = m; else lo = m + 1; }
  if (p.t[lo] === t || lo === 0) return [p.x[lo], p.y[lo], p.w[lo], p.h[lo]];
  const s = (t - p.t[lo - 1]) / (p.t[lo] - p.t[lo - 1]), mix = a => a[lo - 1] + s * (a[lo] - a[lo - 1]);
  return [mix(p.x), mix(p.y), mix(p.w), mix(p.h)];
}

// insideHeadings tells whether a heading lies within 22.5° of a compass point.
const turn = d => ((d % 360) + 360) % 360;
const insideHeading = (deg, point) => turn(deg - turn(point * 45 - 22.5)) <= 45;

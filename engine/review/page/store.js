// What the page holds: meta (JSON), columns of numbers, and packed paths.

const byId = id => document.getElementById(id);
const meta = JSON.parse(byId('meta').textContent);
const N = meta.tracks;

function decodeBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const s = atob(text), out = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) out[i] = s.charCodeAt(i);
  return out;
}

const col = (() => {
  const el = byId('columns'), buf = decodeBase64(el.textContent).buffer, out = {};
  const types = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array };
  el.textContent = ''; // not needed twice
  for (const [name, c] of Object.entries(meta.columns)) {
    const wide = name === 'box' || name === 'foot' ? 4 : 1;
    out[name] = new types[c.type](buf, c.offset, N * wide);
  }
  return out;
})();
const recOf = i => meta.recordings[col.rec[i]];
const nameOf = i => recOf(i).id + ':' + col.id[i];

// rowOf is the row of a recording's track, -1 for none. Rows are by recording,
// then track.
const recPlace = new Map(meta.recordings.map((r, k) => [r.id, k]));
function rowOf(rec, track) {
  const k = recPlace.get(rec);
  if (k === undefined) return -1;
  let lo = 0, hi = N;
  while (lo < hi) { const m = (lo + hi) >> 1; if (col.rec[m] < k || col.rec[m] === k && col.id[m] < track) lo = m + 1; else hi = m; }
  return lo < N && col.rec[lo] === k && col.id[lo] === track ? lo : -1;
}

const cameras = [...new Set(meta.recordings.map(r => r.camera))];
const cameraOf = meta.recordings.map(r => cameras.indexOf(r.camera));
const cameraOfRow = new Uint16Array(N);
for (let i = 0; i < N; i++) cameraOfRow[i] = cameraOf[col.rec[i]];
// What few rows have, by row.
const byRow = list => new Map((list || []).map(x => [x.row, x]));
const events = byRow(meta.events), plates = byRow(meta.plated), groundSpeeds = byRow(meta.speeds);
const cropOf = i => meta.crops + '/' + recOf(i).id + '-' + col.id[i] + '.jpg';

// Paths, a file of them at a time.
const pathStart = new Float64Array(N + 1); // offset within its file
const fileOf = new Uint16Array(N);
meta.path_files.forEach((f, k) => {
  let at = 0;
  for (let i = f.from; i < f.to; i++) { fileOf[i] = k; pathStart[i] = at; at += col.bytes[i]; }
});
const pathData = [], pathWait = [];

window.reviewPaths = (k, text) => {
  pathData[k] = decodeBase64(text);
  if (pathWait[k]) pathWait[k].done();
};

function loadPaths(k) {
  if (pathData[k]) return Promise.resolve();
  if (pathWait[k]) return pathWait[k].promise;
  const w = pathWait[k] = {};
  w.promise = new Promise((done, fail) => { w.done = done; w.fail = fail; });
  const f = meta.path_files[k];
  if (!f.src) {
    const el = byId('paths-' + k);
    window.reviewPaths(k, el.textContent);
    el.textContent = '';
    return w.promise;
  }
  const s = document.createElement('script');
  s.src = f.src;
  s.onerror = () => { pathWait[k] = null; w.fail(new Error(f.src)); };
  document.head.append(s);
  return w.promise;
}
// loadInTurn reads them all while nothing else is to do.
const loadInTurn = (k = 0) => k >= meta.path_files.length ? Promise.resolve() :
  new Promise(done => requestIdleCallback(done, { timeout: 2000 })).then(() => loadPaths(k)).then(() => loadInTurn(k + 1));
// pathFiles lists the files that hold paths of a camera, or with none named all.
const pathFiles = camera => meta.path_files.map((f, k) => k).filter(k => {
  if (camera === undefined) return true;
  const f = meta.path_files[k];
  for (let i = f.from; i < f.to; i++) if (cameraOfRow[i] === camera) return true;
  return false;
});
const loadPathsOf = camera => Promise.all(pathFiles(camera).map(loadPaths));
const havePaths = camera => pathFiles(camera).every(k => pathData[k] !== undefined);
const havePath = i => pathData[fileOf[i]] !== undefined;

// unpack reads a packed path (scene.PackPath) into out, whose arrays grow.
function unpack(buf, at, end, out) {
  out.n = 0;
  if (at === end) return out;
  at++; // the format byte
  const more = v => { // the rest of a number of several bytes
    v &= 127;
    for (let m = 128, b = 128; b > 127; m *= 128) { b = buf[at++]; v += (b & 127) * m; }
    return v;
  };
  const sv = u => u < 0x80000000 ? (u >>> 1) ^ -(u & 1) : (u % 2 ? -(u + 1) / 2 : u / 2);
  const next = () => { const b = buf[at++]; return b < 128 ? (b >>> 1) ^ -(b & 1) : sv(more(b)); };
  let t = 0, dt = 0, x = 0, y = 0, w = 0, h = 0, n = 0;
  while (at < end) {
    const b = buf[at++], step = sv(Math.floor((b < 128 ? b : more(b)) / 2));
    if (n === 0) t = step; else { dt += step; t += dt; }
    x += next(); y += next(); w += next(); h += next();
    out.t[n] = t; out.x[n] = x / 8; out.y[n] = y / 8; out.w[n] = w / 8; out.h[n] = h / 8;
    n++;
  }
  out.n = n;
  return out;
}
const newPath = () => ({ n: 0, t: [], x: [], y: [], w: [], h: [] });
const scratch = newPath();
// pathOf is the path of a row; with no out given it is valid until the next call.
const pathOf = (i, out = scratch) => unpack(pathData[fileOf[i]], pathStart[i], pathStart[i] + col.bytes[i], out);

// What people said: the verdicts of the page's making, and those since.
const comments = new Map(); // row to [{text, by, at}]
for (const d of meta.decisions) {
  const i = rowOf(d.recording, d.track);
  if (i < 0 || !d.text) continue;
  if (!comments.has(i)) comments.set(i, []);
  comments.get(i).push({ text: d.text, by: d.by, at: d.at_unix_us, verdict: d.verdict });
}

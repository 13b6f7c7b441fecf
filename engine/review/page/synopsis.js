// The synopsis: objects of different times in one picture. A click on one shows
// its original beside it, at the same moment.

let synopsis = null;
const syn = { at: 0, frame: 0, hover: -1 };
const synNow = () => (meta.synopses || [])[syn.at];

// playsAt lists what a frame shows: [row, box in the output, media time].
function playsAt(frame) {
  const s = synNow(), out = [];
  for (const [rec, track, start, frames, from, to] of s.plays) {
    if (start > frame) break;
    if (frame >= start + frames) continue;
    const i = rowOf(rec, track);
    if (i < 0 || !havePath(i)) continue;
    const us = Math.round(from + (frame - start) / frames * (to - from)), p = pathOf(i);
    const b = boxAt(p, Math.max(p.t[0], Math.min(p.t[p.n - 1], us))), r = recOf(i);
    if (!b) continue;
    const kx = s.width / r.width, ky = (s.height - s.band) / r.height;
    out.push([i, [b[0] * kx, b[1] * ky, b[2] * kx, b[3] * ky], us]);
  }
  return out;
}

function drawSynopsis() {
  const s = synNow(), canvas = byId('synopsis-over');
  if (!s || byId('pane-synopsis').hidden) return;
  const [g, k] = overlay(canvas, s.width, s.height), narrowed = current.rows.length !== N;
  const kept = narrowed ? keptRows() : null;
  for (const [i, b] of playsAt(syn.frame)) {
    const style = i === selected ? '#ff9500' : i === syn.hover ? '#ffd23f' : kept && kept[i] ? '#4db2ff' : '';
    if (!style) continue;
    for (const [colour, w] of [['#000', 4], [style, 2]]) { g.strokeStyle = colour; g.lineWidth = w / k; g.strokeRect(...b); }
  }
}

function synopsisUnder(e) {
  const s = synNow(), canvas = byId('synopsis-over'), r = canvas.getBoundingClientRect();
  if (!s) return null;
  const k = Math.min(r.width / s.width, r.height / s.height);
  const x = (e.clientX - r.left - (r.width - s.width * k) / 2) / k, y = (e.clientY - r.top - (r.height - s.height * k) / 2) / k;
  let best = null; // the smallest box under the pointer
  for (const hit of playsAt(syn.frame)) {
    const [, b] = hit, pad = 4 / k;
    if (x < b[0] - pad || x > b[0] + b[2] + pad || y < b[1] - pad || y > b[1] + b[3] + pad) continue;
    if (!best || b[2] * b[3] < best[1][2] * best[1][3]) best = hit;
  }
  return best;
}

function startSynopsis() {
  const all = meta.synopses || [], none = byId('synopsis-none');
  none.hidden = all.length > 0;
  byId('synopsis-stage').hidden = byId('synopsis-controls').hidden = all.length === 0;
  if (!all.length) return;
  const extra = [];
  if (all.length > 1) {
    const out = make('output', { id: 'density-now' });
    const slider = make('input', { type: 'range', min: 0, max: all.length - 1, step: 1, value: 0, id: 'density', oninput: () => setDensity(+slider.value, out) });
    extra.push(make('div', { 'class': 'density' }, make('label', { 'for': 'density', 'data-t': 'density' }), slider, out));
    syn.out = out;
  }
  synopsis = newPlayer(byId('synopsis'), byId('synopsis-controls'), {
    step: n => {
      const s = synNow(), to = sought(synopsis);
      const frame = to === undefined ? syn.frame : synopsisFrame(to, true);
      synopsis.video.currentTime = (Math.max(0, Math.min(s.frames - 1, frame + n)) + .5) * s.frame_us / 1e6;
    },
    shown: (at, within) => {
      const s = synNow();
      syn.frame = synopsisFrame(at, within);
      synopsis.time.textContent = `${mediaText(at * 1e6)} / ${mediaText(s.frames * s.frame_us)}`;
      drawSynopsis();
    }, extra });
  const over = byId('synopsis-over');
  over.addEventListener('click', e => { activePlayer = synopsis; const hit = synopsisUnder(e); if (hit) choose(hit[0], true, hit[2], true); });
  over.addEventListener('pointermove', e => { const hit = synopsisUnder(e), i = hit ? hit[0] : -1; over.style.cursor = hit ? 'pointer' : ''; if (i !== syn.hover) { syn.hover = i; over.title = hit ? `${nameOf(i)} · ${startText(i)}` : ''; drawSynopsis(); } });
  setDensity(0, syn.out);
}

function setDensity(k, out) {
  syn.at = k;
  const s = synNow();
  if (out) out.textContent = `${t('atOnce', fmt(s.density, 0, 1))} · ${spanText(s.frames * s.frame_us)}`;
  halt(synopsis);
  synopsis.video.src = s.src;
  synopsis.video.addEventListener('loadedmetadata', () => { synopsis.video.playbackRate = synopsis.rate; if (selected >= 0) seekSynopsis(selected); }, { once: true });
}

// synopsisFrame is the frame that begins at a time, or where within is set shows at it.
const synopsisFrame = (seconds, within) => Math.floor(seconds * 1e6 / synNow().frame_us + (within ? 1e-3 : .5));

// seekSynopsis goes to where the synopsis shows a row.
function seekSynopsis(i) {
  const s = synNow();
  if (!s || !synopsis) return;
  const name = nameOf(i), play = s.plays.find(p => p[0] + ':' + p[1] === name);
  if (!play) return;
  if (syn.frame >= play[2] && syn.frame < play[2] + play[3]) { drawSynopsis(); return; }
  synopsis.video.currentTime = (play[2] + Math.floor(play[3] / 2) + .5) * s.frame_us / 1e6;
}

function showSynopsisNone() {
  if ((meta.synopses || []).length || N === 0) { if (N === 0) say(byId('synopsis-none'), t('empty')); return; }
  say(byId('synopsis-none'), t('noSynopsis'), commandLine('synopsis', '-o', 'synopsis.mp4'));
}

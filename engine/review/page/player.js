// The players, and the span of the original that shows the chosen object.

const icon = { play: '▶', pause: '❚❚', back: '◂❘', next: '❘▸' };
const speeds = [.1, .25, .5, 1, 2, 4, 8];

// newPlayer gives a video its controls. step(n) moves by n frames. shown(seconds,
// within) is called for each frame shown, with its own time in the file, or where
// within is set with a time at which it is shown.
function newPlayer(video, controls, { step, shown, extra = [] }) {
  const p = { video, at: 0, rate: 1, reverse: null, step };
  const button = (key, text, act) => make('button', { 'data-tt': key, onclick: act }, text);
  const play = button('play', icon.play, () => toggle(p));
  const seek = make('input', { type: 'range', min: 0, max: 1, step: .001, value: 0, 'data-tt': 'time', 'class': 'seek',
    oninput: () => { halt(p); if (video.duration) video.currentTime = seek.value * video.duration; } });
  p.time = make('output');
  p.speed = make('select', { 'data-tt': 'speed', onchange: () => { setRate(p, +p.speed.value); } }, ...speeds.map(s => make('option', { value: s, selected: s === 1 }, '×' + s.toLocaleString(locale()))));
  controls.append(button('back', icon.back, () => { halt(p); step(-1); }), play, button('next', icon.next, () => { halt(p); step(1); }), seek, p.time, p.speed, ...extra);
  const label = () => { play.textContent = video.paused && !p.reverse ? icon.play : icon.pause; };
  for (const e of ['play', 'pause', 'ended']) video.addEventListener(e, label);
  p.label = label;
  const tell = (at, within) => {
    p.at = at; p.within = within;
    if (document.activeElement !== seek && video.duration) seek.value = at / video.duration;
    shown(at, within);
  };
  const frame = (_, data) => {
    // Of a seek in a stopped film the event below says which picture shows: a
    // callback may still be one of the picture before.
    if (!video.seeking && !p.sought && !(video.paused && p.within)) tell(data.mediaTime, false);
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
  // After a seek the picture is that of currentTime, whether or not the browser
  // has had cause to present it; a page in the background never says so.
  video.addEventListener('seeking', () => { p.sought = true; });
  video.addEventListener('emptied', () => { p.sought = false; });
  video.addEventListener('seeked', () => { p.sought = video.seeking; if (video.paused) tell(video.currentTime, true); });
  for (const target of [video, controls]) target.addEventListener('pointerdown', () => { activePlayer = p; });
  return p;
}

// sought is the time that a player goes to while the picture there is not shown
// yet: the next step counts from it, not from the picture left. Else undefined.
const sought = p => p.video.seeking || p.sought ? p.video.currentTime : undefined;

function halt(p) {
  p.video.pause();
  if (p.reverse) { clearInterval(p.reverse); p.reverse = null; }
  p.label();
}
function toggle(p) {
  if (!p.video.currentSrc) return;
  if (!p.video.paused || p.reverse) { halt(p); return; }
  if (p.video.ended) p.video.currentTime = 0;
  p.video.play().catch(() => {});
}
function setRate(p, rate) {
  p.rate = rate;
  p.video.playbackRate = rate;
  p.speed.value = rate;
}
function faster(p, by) { // L and [ ]
  const k = speeds.indexOf(p.rate);
  setRate(p, speeds[Math.max(0, Math.min(speeds.length - 1, k + by))]);
}
// rewind plays backwards, frame by frame (J); again for faster.
function rewind(p) {
  if (!p.video.currentSrc) return;
  p.back = p.reverse ? Math.min(8, p.back * 2) : 1;
  p.video.pause();
  clearInterval(p.reverse);
  p.reverse = setInterval(() => {
    if (p.video.seeking) return;
    if (p.video.currentTime <= 0) { halt(p); return; }
    p.video.currentTime = Math.max(0, p.video.currentTime - .08 * p.back);
  }, 80);
  p.label();
}

let activePlayer = null;
let original = null;
const shownClip = { row: -1, clip: null, times: [], frame: -1, wanted: 0 };
const clipsByRow = new Map();
for (const c of meta.clips || []) addClip(c);
function addClip(c) {
  const i = rowOf(c.recording, c.track);
  if (i < 0) return;
  if (!clipsByRow.has(i)) clipsByRow.set(i, new Map());
  clipsByRow.get(i).set(c.part, c);
}

const padUS = 2e6, partUS = 12e7; // as package review cuts clips
function partAt(i, us) {
  const r = recOf(i), from = Math.max(0, col.start[i] - padUS);
  const parts = Math.max(1, Math.ceil((Math.min(col.end[i] + padUS + r.frame_us, r.length_us) - from) / partUS));
  return Math.max(0, Math.min(parts - 1, Math.floor((us - from) / partUS)));
}

// showOriginal shows the span of the original about a row, at a media time.
function showOriginal(i, us) {
  const part = partAt(i, us), have = clipsByRow.get(i) && clipsByRow.get(i).get(part);
  shownClip.wanted = us;
  if (have) { openClip(i, have, us); return Promise.resolve(); }
  closeClip(i);
  if (!meta.live) {
    sayOriginal('noClip', cutCommand(i));
    return Promise.resolve();
  }
  sayOriginal('cutting');
  return ask('clip', { recording: recOf(i).id, track: col.id[i], part }).then(c => {
    addClip(c);
    if (selected === i && partAt(i, shownClip.wanted) === part) openClip(i, c, shownClip.wanted);
  }, err => { if (selected === i) sayOriginal('', '', err.message); });
}

const cutCommand = i => ['posteriori', 'export', 'clip', '-p', meta.procedure, '--track', nameOf(i), '-o', `passage-${nameOf(i).replace(':', '-')}.mp4`].map(quote).join(' ');

function say(el, text, code) {
  el.replaceChildren(text);
  if (code) el.append(make('code', { tabindex: 0 }, code));
}

// sayOriginal says one of the page's own words where the original would be, in
// another language too when that is chosen; or, with no key, a text as it is.
let originalSaid = ['', ''];
function sayOriginal(key, code, text = '') {
  originalSaid = [key, code];
  say(byId('original-say'), key ? t(key) : text, code);
}

function closeClip(i) {
  halt(original);
  original.video.removeAttribute('src');
  original.video.load();
  Object.assign(shownClip, { row: i, clip: null, times: [], frame: -1 });
  original.time.textContent = '';
  clearCanvas(byId('original-over'));
}

function openClip(i, c, us) {
  sayOriginal('');
  let at = 0;
  Object.assign(shownClip, { row: i, times: c.times.map(d => at += d), frame: -1 });
  const go = () => { original.video.playbackRate = original.rate; seekOriginal(us); };
  if (shownClip.clip === c) { go(); return; }
  shownClip.clip = c;
  original.video.src = c.src;
  original.video.addEventListener('loadedmetadata', go, { once: true });
  original.video.onerror = () => { if (shownClip.clip === c && original.video.currentSrc) sayOriginal('', cutCommand(i), `${t('failed')}${colon()}${c.src}`); };
}

// frameAt is the place in times of the frame at or nearest before a media time.
function lastBefore(times, us) {
  let lo = 0, hi = times.length;
  while (lo < hi) { const m = (lo + hi) >> 1; if (times[m] <= us) lo = m + 1; else hi = m; }
  return lo - 1;
}
// sourceFrame is which frame of the recording the clip shows. A copy has the
// recording's own times. What was encoded anew shows on a steady grid the last
// picture that began by the middle of the step.
function sourceFrame(seconds, within) {
  const { clip: c, times, row } = shownClip, f = recOf(row).frame_us;
  const at = within && !c.copied ? Math.floor(seconds * 1e6 / f + 1e-3) * f : seconds * 1e6, us = c.from_us + at;
  if (!c.copied) return Math.max(0, lastBefore(times, us + .75 * f));
  const k = lastBefore(times, us + 1);
  return !within && k + 1 < times.length && (k < 0 || times[k + 1] - us < us - times[k]) ? k + 1 : Math.max(0, k);
}
function seekOriginal(us) {
  const { clip: c, times, row } = shownClip, k = lastBefore(times, us + 2);
  if (k < 0) { original.video.currentTime = 0; return; }
  const into = Math.min(recOf(row).frame_us / 4, k + 1 < times.length ? (times[k + 1] - times[k]) / 2 : 1e9);
  original.video.currentTime = Math.max(0, (times[k] - c.from_us + into) / 1e6);
}
function stepOriginal(n) {
  const { clip: c, times, frame } = shownClip, to = sought(original);
  if (!c || frame < 0) return;
  const k = Math.max(0, Math.min(times.length - 1, (to === undefined ? frame : sourceFrame(to, true)) + n));
  seekOriginal(times[k]);
}

const ptsOf = (r, us) => r.first_pts + Math.round(us * r.tb_den / (r.tb_num * 1e6));

function originalShown(seconds, within) {
  const { clip: c, row } = shownClip;
  if (!c) return;
  shownClip.frame = sourceFrame(seconds, within);
  const us = shownClip.times[shownClip.frame], r = recOf(row);
  if (us === undefined) return;
  original.time.textContent = mediaText(us, true);
  const cell = byId('fact-now');
  if (cell) {
    cell.dataset.pts = ptsOf(r, us);
    cell.dataset.us = us;
    cell.textContent = (r.clock_unix_us === null ? t('noclock') : clockText(r.clock_unix_us + us, true) + ' ' + uncertain(r)) + ` · ${t('media')} ${mediaText(us, true)} · PTS ${ptsOf(r, us)}`;
  }
  drawOriginalBox(us);
}
const uncertain = r => `± ${spanText(r.clock_uncertainty_us)}`;

function clearCanvas(canvas) { canvas.width = 1; canvas.height = 1; }

// overlay fits a canvas over a video and gives a context in the picture's pixels.
function overlay(canvas, w, h) {
  const W = canvas.parentElement.clientWidth, H = canvas.parentElement.clientHeight, g = fitCanvas(canvas, W, H), s = Math.min(W / w, H / h);
  g.translate((W - w * s) / 2, (H - h * s) / 2);
  g.scale(s, s);
  return [g, s];
}

function drawOriginalBox(us) {
  const canvas = byId('original-over'), i = shownClip.row;
  if (i < 0 || !byId('show-box').checked || !havePath(i)) { clearCanvas(canvas); return; }
  const r = recOf(i), b = boxAt(pathOf(i), us), [g, s] = overlay(canvas, r.width, r.height);
  if (!b) return;
  for (const [style, w] of [['#000', 4], ['#ffd23f', 2]]) { g.strokeStyle = style; g.lineWidth = w / s; g.strokeRect(b[0], b[1], b[2], b[3]); }
}

function startOriginal() {
  original = newPlayer(byId('original'), byId('original-controls'), { step: stepOriginal, shown: originalShown,
    extra: [make('label', null, make('input', { type: 'checkbox', id: 'show-box', checked: true, onchange: () => { const us = shownClip.times[shownClip.frame]; if (us !== undefined) drawOriginalBox(us); else clearCanvas(byId('original-over')); } }), ' ', make('span', { 'data-t': 'box' }))] });
  activePlayer = original;
  sayOriginal('noTrack');
}

// rareFacts lists what few objects have: what was left or removed, a plate, a
// speed over ground.
function rareFacts(i, row) {
  const r = recOf(i), e = events.get(i), p = col.plate[i] && plates.get(i), v = groundSpeeds.get(i);
  if (e) {
    const by = e.linked ? rowOf(r.id, e.linked) : -1;
    row('eventRow', `${t('event-' + meta.event_names[col.event[i] - 1])} · ${r.clock_unix_us === null ? '+' + mediaText(e.us) : clockText(r.clock_unix_us + e.us) + ' ' + uncertain(r)}`,
      ...(e.linked ? [` · ${t('linked')} `, by < 0 ? `${r.id}:${e.linked}` : make('button', { 'class': 'link', onclick: () => choose(by, true) }, nameOf(by))] : []));
  }
  if (p) {
    row('plate', make('span', { 'class': 'plate' }, p.text), ...(p.masked ? [' · ' + t('masked')] : []));
    const why = (filter.plate && filter.plate.rows.get(i)) || p.why;
    if (why) row('plateWhy', matchText(why));
  }
  if (v) row('groundSpeed', `${fmt(v.kmh, 0, 1)} ± ${fmt(v.error, 0, 1)} km/h`);
}

// matchText tells how a plate met what was asked for.
function matchText(m) {
  const out = m.doubts.map(d => t('plate-' + d.how, d));
  if (!out.length) out.push(t('plate-exact'));
  if (m.raw) out.push(t('plate-raw'));
  return out.join(lang ? '; ' : '\u00a0; ');
}

// showFacts lists what is known of the chosen object.
function showFacts() {
  const i = selected, root = byId('facts');
  byId('decide').hidden = i < 0;
  for (const [id, verdict] of [['do-validate', 'validated'], ['do-reject', 'rejected']]) byId(id).setAttribute('aria-pressed', i >= 0 && meta.statuses[col.status[i]] === verdict);
  if (i < 0) { root.replaceChildren(); byId('said').replaceChildren(); if (original) sayOriginal('noTrack'); return; }
  const r = recOf(i), status = meta.statuses[col.status[i]], rows = [];
  const row = (key, ...value) => rows.push(make('tr', null, make('th', { scope: 'row' }, t(key)), make('td', null, ...value)));
  const score = v => ` (${t('score')} ${fmt(v / 1000, 0, 2)})`;
  rows.push(make('tr', null, make('th', { scope: 'row' }, t('original')), make('td', { id: 'fact-now' }, '—')));
  row('class', `${nameOf(i)} · ${t(meta.classes[col['class'][i]])}${col.class_score[i] ? score(col.class_score[i]) : ''} · ${t(meta.colours[col.colour[i]])}` + (col.colour[i] ? score(col.colour_score[i]) : '') + (col.lower[i] ? ` / ${t(meta.colours[col.lower[i]])}${score(col.lower_score[i])}` : '') +
    (points[i] >= 0 ? ` · ${t(compass[points[i]])} (${Math.round(bearings[i])}°)` : ''));
  row('time', (r.clock_unix_us === null ? `+${mediaText(col.start[i])} – +${mediaText(col.end[i])} (${t('noclock')})` :
    `${clockText(r.clock_unix_us + col.start[i])} – ${clockText(r.clock_unix_us + col.end[i]).slice(11)} ${uncertain(r)}`) + ` · ${spanText(length(i))}`);
  row('recording', `${r.id} · ${t('camera')} ${r.camera} · ${t('exhibit')} ${r.exhibit} · ${r.width}×${r.height}`);
  row('SHA-256', make('span', { 'class': 'hash' }, r.sha256));
  const c = shownClip.row === i && shownClip.clip;
  if (c) row('passage', `${c.copied ? t('copiedBits') : t('encoded')}${c.parts > 1 ? ' · ' + t('part', c.part + 1, c.parts) : ''} · `, make('span', { 'class': 'hash' }, c.sha256.slice(0, 16) + '…'));
  rareFacts(i, row);
  row('status', make('span', { 'class': 'status ' + status }, t(status)));
  root.replaceChildren(make('table', null, ...rows));
  byId('said').replaceChildren(...(comments.get(i) || []).map(x => make('p', null, make('small', null, `${x.by} · ${clockText(x.at)} · ${t(x.verdict)}${colon()}`), x.text)));
  if (shownClip.row === i && shownClip.frame >= 0) originalShown(original.at, original.within);
}

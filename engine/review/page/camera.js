// The picture of a camera without its movers, with the paths of the rows kept,
// where they were, and the zones and lines that the analyst draws.

const maxPathsDrawn = 2000;
const view = { rec: 0, plate: 0, img: null, scale: 1, dx: 0, dy: 0, tool: '', pts: [], cursor: null, layer: null, layerOf: '', rows: null, note: '' };

const classColour = ['#ffffff', '#ffd23f', '#3bceac', '#c78bff', '#54c0ff', '#ff9f5a', '#ff6b6b', '#f7a1c4', '#f7a1c4', '#a3e635'];

function startCamera() {
  const cam = byId('scene-camera'), plate = byId('scene-plate');
  cam.replaceChildren(...cameras.map((c, k) => make('option', { value: k }, c)));
  cam.onchange = () => { showCamera(+cam.value); };
  plate.onchange = showBackground;
  byId('show-paths').onchange = byId('show-heat').onchange = drawScene;
  byId('draw-zone').onclick = () => setTool(view.tool === 'zone' ? '' : 'zone');
  byId('draw-line').onclick = () => setTool(view.tool === 'line' ? '' : 'line');
  byId('draw-done').onclick = finishShape;
  const canvas = byId('scene');
  canvas.addEventListener('click', e => { const r = canvas.getBoundingClientRect(); clickScene(e.clientX - r.left, e.clientY - r.top); });
  canvas.addEventListener('dblclick', e => { e.preventDefault(); finishShape(); });
  canvas.addEventListener('pointermove', e => {
    if (!view.tool) return;
    const r = canvas.getBoundingClientRect();
    view.cursor = toPicture(e.clientX - r.left, e.clientY - r.top);
    drawScene();
  });
  canvas.addEventListener('keydown', sceneKey);
  if (cameras.length) showCamera(0);
}

const size = () => meta.recordings[view.rec] || { width: 16, height: 9 };
const toPicture = (x, y) => [Math.round((x - view.dx) / view.scale), Math.round((y - view.dy) / view.scale)]
  .map((v, k) => Math.max(0, Math.min(v, k ? size().height : size().width)));

function showCamera(k) {
  byId('scene-camera').value = k;
  const options = [];
  meta.recordings.forEach((r, i) => {
    if (cameraOf[i] !== k) return;
    const all = r.plates.length ? r.plates : [{ t_us: 0 }];
    all.forEach((p, n) => options.push(make('option', { value: i + ' ' + n })));
  });
  byId('scene-plate').replaceChildren(...options);
  labelBackgrounds();
  showBackground();
}

// labelBackgrounds names each background by its recording and time, and where a
// camera has several sizes of picture by that.
function labelBackgrounds() {
  const all = [...byId('scene-plate').options].map(o => [o, ...o.value.split(' ').map(Number)]);
  const sizes = new Set(all.map(([, i]) => `${meta.recordings[i].width}×${meta.recordings[i].height}`));
  for (const [o, i, n] of all) {
    const r = meta.recordings[i], us = r.plates.length ? r.plates[n].t_us : 0;
    o.textContent = `${r.id} · ${sizes.size > 1 ? `${r.width}×${r.height} · ` : ''}${r.clock_unix_us === null ? '+' + mediaText(us) : clockText(r.clock_unix_us + us).replace(/ \(.*/, '')}`;
  }
}

// showBackground shows the background chosen. Zones and lines that were drawn in
// pictures of another camera or size go.
function showBackground() {
  [view.rec, view.plate] = byId('scene-plate').value.split(' ').map(Number);
  view.dropped = filter.shapes.length > 0 && !sharesPicture(view.rec);
  shapeRec = view.rec;
  if (view.dropped) { filter.shapes = []; update(); }
  loadPlate();
}

// showRecording shows the camera as a recording has it, unless it does.
function showRecording(k) {
  if (sharesPicture(k)) return;
  if (cameraOf[k] !== shapeCamera()) showCamera(cameraOf[k]);
  if (view.rec === k) return;
  byId('scene-plate').value = k + ' 0';
  showBackground();
}

function loadPlate() {
  const p = meta.recordings[view.rec].plates[view.plate];
  view.img = null;
  if (p) {
    const img = new Image();
    img.onload = () => { view.img = img; drawScene(); };
    img.src = p.src;
  }
  drawScene();
}

function drawScene() {
  if (byId('pane-camera').hidden || !meta.recordings.length) return;
  const canvas = byId('scene'), w = canvas.parentElement.clientWidth, h = canvas.parentElement.clientHeight, g = fitCanvas(canvas, w, h);
  const r = size();
  view.scale = Math.min(w / r.width, h / r.height);
  view.dx = (w - r.width * view.scale) / 2; view.dy = (h - r.height * view.scale) / 2;
  sceneLayer(w, h);
  g.drawImage(view.layer, 0, 0, w, h);
  g.translate(view.dx, view.dy); g.scale(view.scale, view.scale);
  const note = [view.dropped ? t('dropped') : '', view.note].filter(Boolean);
  if (selected >= 0 && sharesPicture(col.rec[selected]) && havePath(selected)) drawChosen(g, selected);
  filter.shapes.forEach(s => drawShape(g, s.points, s.kind, s.name));
  if (view.tool) {
    drawShape(g, view.cursor ? [...view.pts, view.cursor] : view.pts, 'draft', '');
    note.push(t(view.tool === 'zone' ? 'drawZone' : 'drawLine'));
    if (view.cursor) note.push(view.cursor.join(','));
  }
  byId('scene-note').textContent = note.join(' · ');
}

// sceneLayer draws the background with the paths and the heat map, which change
// with the filter, apart from what follows the pointer.
function sceneLayer(w, h) {
  const heat = byId('show-heat').checked, paths = byId('show-paths').checked, r = size();
  const of = [view.rec, view.plate, view.img !== null, w, h, heat, paths, havePaths(shapeCamera()), lang, window.devicePixelRatio].join(' ');
  if (view.layerOf === of && view.rows === current.rows) return;
  view.layerOf = of; view.rows = current.rows;
  view.layer = view.layer || make('canvas');
  const g = fitCanvas(view.layer, w, h), note = view.img || meta.recordings[view.rec].plates.length ? [] : [t('noPlate')];
  g.fillStyle = '#0e1116'; g.fillRect(0, 0, w, h);
  if (view.img) g.drawImage(view.img, view.dx, view.dy, r.width * view.scale, r.height * view.scale);
  else { g.fillStyle = '#2a2f37'; g.fillRect(view.dx, view.dy, r.width * view.scale, r.height * view.scale); }
  g.translate(view.dx, view.dy); g.scale(view.scale, view.scale);
  const mine = current.rows.filter(i => sharesPicture(col.rec[i]) && havePath(i));
  if (meta.recordings.some((_, k) => cameraOf[k] === shapeCamera() && !sharesPicture(k))) note.push(t('otherSizes', r.width, r.height));
  if (heat) drawHeat(g, mine);
  if (paths) {
    const every = Math.max(1, mine.length / maxPathsDrawn), some = [];
    for (let k = 0; k < mine.length; k += every) some.push(mine[Math.floor(k)]);
    drawPaths(g, some);
    if (some.length < mine.length) note.push(t('morePaths', some.length, mine.length));
  }
  view.note = note.join(' · ');
}

// trace adds a path to the figure, through so many of its points at most.
function trace(g, p, most) {
  const step = Math.max(1, Math.floor(p.n / most));
  g.moveTo(footX(p, 0), footY(p, 0));
  for (let k = step; k < p.n; k += step) g.lineTo(footX(p, k), footY(p, k));
  g.lineTo(footX(p, p.n - 1), footY(p, p.n - 1));
}

// drawPaths draws ways, in one go for each class.
function drawPaths(g, rows) {
  g.lineJoin = 'round'; g.lineWidth = 1.5 / view.scale; g.globalAlpha = .75;
  for (let c = 0; c < meta.classes.length; c++) {
    const ends = [];
    g.beginPath();
    for (const i of rows) {
      if (col['class'][i] !== c) continue;
      const p = pathOf(i);
      if (!p.n) continue;
      trace(g, p, rows.length > 300 ? 40 : 200);
      ends.push([footX(p, p.n - 1), footY(p, p.n - 1)]);
    }
    if (!ends.length) continue;
    g.strokeStyle = g.fillStyle = classColour[c] || '#fff';
    g.stroke();
    g.beginPath(); // a head where each path ends
    for (const [x, y] of ends) { g.moveTo(x, y); g.arc(x, y, 3 / view.scale, 0, 7); }
    g.fill();
  }
  g.globalAlpha = 1;
}

function drawChosen(g, i) {
  const p = pathOf(i);
  if (!p.n) return;
  g.beginPath();
  trace(g, p, 400);
  g.lineJoin = 'round';
  for (const [style, w] of [['#000', 6], ['#ff9500', 3.5]]) { g.strokeStyle = style; g.lineWidth = w / view.scale; g.stroke(); }
  g.fillStyle = '#ff9500';
  g.beginPath(); g.arc(footX(p, p.n - 1), footY(p, p.n - 1), 6 / view.scale, 0, 7); g.fill();
}

// drawHeat shades where the rows' feet were, by time spent: a cell is a 96th of
// the width. The scale is logarithmic, so that a place where someone stood for
// long does not hide the ways.
function drawHeat(g, rows) {
  const r = size(), cell = r.width / 96, w = 97, h = Math.ceil(r.height / cell) + 1, sum = new Float64Array(w * h);
  for (const i of rows) {
    const p = pathOf(i);
    for (let k = 0; k < p.n; k++) {
      const x = Math.floor(footX(p, k) / cell), y = Math.floor(footY(p, k) / cell);
      if (x >= 0 && x < w && y >= 0 && y < h) sum[y * w + x] += Math.min(1e6, k + 1 < p.n ? p.t[k + 1] - p.t[k] : recOf(i).frame_us);
    }
  }
  const most = Math.log1p(sum.reduce((a, b) => Math.max(a, b), 0) / 1e5) || 1;
  const small = make('canvas', { width: w, height: h }), s = small.getContext('2d'), px = s.createImageData(w, h);
  for (let k = 0; k < sum.length; k++) {
    const v = Math.log1p(sum[k] / 1e5) / most; // yellow to red, ever less seen through
    px.data.set([255, 225 * (1 - v), 40 * (1 - v), sum[k] ? 70 + 165 * v : 0], 4 * k);
  }
  s.putImageData(px, 0, 0);
  g.imageSmoothingQuality = 'high';
  g.drawImage(small, 0, 0, w * cell, h * cell); // smoothed as it grows
}

function drawShape(g, pts, kind, name) {
  if (!pts.length) return;
  g.beginPath();
  pts.forEach(p => g.lineTo(p[0], p[1]));
  if (kind === 'zone') { g.closePath(); g.fillStyle = 'rgba(0,140,255,.22)'; g.fill(); }
  for (const [style, w] of [['#000', 5], [kind === 'draft' ? '#ffd23f' : '#4db2ff', 2.5]]) { g.strokeStyle = style; g.lineWidth = w / view.scale; g.stroke(); }
  if (kind === 'line') arrow(g, pts);
  g.fillStyle = '#fff';
  pts.forEach(p => { g.beginPath(); g.arc(p[0], p[1], 3.5 / view.scale, 0, 7); g.fill(); });
  if (name) {
    g.font = `${13 / view.scale}px system-ui, sans-serif`; g.lineWidth = 3 / view.scale; g.strokeStyle = '#000';
    g.strokeText(name, pts[0][0] + 6 / view.scale, pts[0][1] - 6 / view.scale); g.fillText(name, pts[0][0] + 6 / view.scale, pts[0][1] - 6 / view.scale);
  }
}

// arrow points to the line's right, seen from its first end to its second.
function arrow(g, [a, b]) {
  const mx = (a[0] + b[0]) / 2, my = (a[1] + b[1]) / 2, len = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1, s = 18 / view.scale;
  const nx = -(b[1] - a[1]) / len * s, ny = (b[0] - a[0]) / len * s;
  g.beginPath(); g.moveTo(mx, my); g.lineTo(mx + nx, my + ny);
  g.lineTo(mx + nx * .6 + ny * .3, my + ny * .6 - nx * .3); g.moveTo(mx + nx, my + ny); g.lineTo(mx + nx * .6 - ny * .3, my + ny * .6 + nx * .3); g.stroke();
}

function setTool(tool) {
  view.tool = tool; view.pts = []; view.cursor = null;
  byId('draw-zone').setAttribute('aria-pressed', tool === 'zone');
  byId('draw-line').setAttribute('aria-pressed', tool === 'line');
  byId('draw-done').hidden = tool !== 'zone';
  byId('scene').style.cursor = tool ? 'crosshair' : '';
  if (tool) { showTab('camera'); byId('scene').focus(); view.cursor = [Math.round(size().width / 2), Math.round(size().height / 2)]; }
  drawScene();
}

function addPoint(p) {
  const last = view.pts[view.pts.length - 1];
  if (last && String(last) === String(p)) return;
  view.pts.push(p);
  if (view.tool === 'line' && view.pts.length === 2) finishShape(); else drawScene();
}

function clickScene(x, y) {
  if (view.tool) { addPoint(toPicture(x, y)); return; }
  let best = -1, near = 12 / view.scale; // the path nearest to the click
  const [px, py] = [(x - view.dx) / view.scale, (y - view.dy) / view.scale];
  for (const i of current.rows) {
    if (!sharesPicture(col.rec[i]) || !havePath(i)) continue;
    const f = col.foot;
    if (px < f[4 * i] - near || px > f[4 * i + 2] + near || py < f[4 * i + 1] - near || py > f[4 * i + 3] + near) continue;
    const p = pathOf(i);
    for (let k = 0; k < p.n; k++) { const d = Math.hypot(footX(p, k) - px, footY(p, k) - py); if (d < near) { near = d; best = i; } }
  }
  if (best >= 0) choose(best, true);
}

function sceneKey(e) {
  if (!view.tool) return;
  const step = e.shiftKey ? 1 : 10, move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[e.key];
  if (move) view.cursor = [0, 1].map(k => Math.max(0, Math.min((view.cursor || [0, 0])[k] + move[k], k ? size().height : size().width)));
  else if (e.key === ' ') addPoint(view.cursor || [0, 0]);
  else if (e.key === 'Enter') finishShape();
  else if (e.key === 'Backspace') view.pts.pop();
  else if (e.key === 'Escape') { setTool(''); e.preventDefault(); e.stopPropagation(); return; }
  else return;
  e.preventDefault(); e.stopPropagation();
  drawScene();
}

function freeName(kind) {
  const taken = new Set([...filter.shapes.map(s => s.name), ...(meta.flags.names || [])]);
  for (let k = 1; ; k++) if (!taken.has(kind + k)) return kind + k;
}

function finishShape() {
  const kind = view.tool, pts = view.pts;
  if (!kind) return;
  const shape = pts.length >= 2 && parseShape(shapeText({ name: freeName(kind === 'zone' ? 'zone' : 'ligne'), points: pts }));
  setTool('');
  if (!shape || shape.kind !== kind) return;
  addShape(shape);
}

function addShape(shape) {
  view.dropped = false;
  filter.shapes.push({ ...shape, rule: shape.kind === 'zone' ? 'dwell' : 'cross', side: '', dwell: 0 });
  update();
}

// showShapes lists the zones and lines, for editing as text and by rule.
function showShapes() {
  byId('shapes').replaceChildren(...filter.shapes.map(s => {
    const text = make('input', { type: 'text', value: shapeText(s), 'aria-label': t('coordinates'), onchange: () => {
      const got = parseShape(text.value), others = filter.shapes.filter(x => x !== s).map(x => x.name);
      const bad = !got ? t('badShape') : others.includes(got.name) || (meta.flags.names || []).includes(got.name) ? t('nameTaken') : '';
      text.setAttribute('aria-invalid', bad !== '');
      text.title = bad;
      if (bad) return;
      if (got.kind !== s.kind) Object.assign(s, { rule: got.kind === 'zone' ? 'dwell' : 'cross', side: '' });
      Object.assign(s, got);
      update();
    } });
    const option = (value, word) => make('option', { value, selected: value === (s.kind === 'zone' ? s.rule : s.side) }, t(word));
    const rule = make('select', { 'aria-label': t('rule'), onchange: () => { s.kind === 'zone' ? s.rule = rule.value : s.side = rule.value; update(); } },
      ...(s.kind === 'zone' ? ['dwell', 'enters', 'leaves'].map(r => option(r, r)) : [option('', 'either'), option('left', 'left'), option('right', 'right')]));
    const dwell = make('input', { type: 'number', min: 0, step: 'any', value: s.dwell / 1e6, 'aria-label': t('least'), onchange: () => { s.dwell = Math.max(0, Math.round(Number(dwell.value) * 1e6) || 0); update(); } });
    return make('div', { 'class': 'shape' }, s.kind === 'line' ? t('cross') : '', rule, ...(s.rule === 'dwell' ? [t('least'), dwell, 's'] : []), text,
      make('button', { onclick: () => { filter.shapes.splice(filter.shapes.indexOf(s), 1); update(); } }, t('remove')));
  }));
}

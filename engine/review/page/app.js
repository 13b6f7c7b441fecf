// Wiring: what is chosen, what is shown, keys and language.

let selected = -1;
let current = { rows: [], facets: null, misses: [] };
let keptMask = null;
let waiting = Promise.resolve(); // for paths that the filter wants

function keptRows() {
  if (!keptMask) { keptMask = new Uint8Array(N); for (const i of current.rows) keptMask[i] = 1; }
  return keptMask;
}

// update runs the filter and shows what it keeps. A filter that judges paths
// waits for those not read yet: what it would keep without them is wrong.
function update() {
  const of = filter.stop > 0 ? undefined : shapeCamera();
  if ((filter.shapes.length || filter.stop > 0) && !havePaths(of)) {
    byId('found').textContent = t('reading');
    waiting = loadPathsOf(of).then(update, () => { byId('found').textContent = t('pathsMissing'); });
    return;
  }
  current = search();
  keptMask = null;
  if (current.rows.length === 0 && N > 0) {
    const near = nearest(current.misses, 60);
    showRows(near.map(x => x[1]), new Map(near.map(x => [x[1], '≠ ' + wantedText(x[2])])));
  } else showRows(current.rows, null);
  showNone(current);
  facetViews.forEach(f => f(current));
  showCounts();
  showShapes();
  drawTimeline();
  drawScene();
  drawSynopsis();
}

// recount counts again after a decision, and leaves the grid as it is.
function recount() {
  const again = search();
  current.facets = again.facets;
  facetViews.forEach(f => f(current));
}

function showCounts() {
  const n = current.rows.length;
  byId('found').textContent = n === N ? t('results', N) : t('ofAll', n, N);
  const s = scopeNow();
  byId('scope').textContent = t('scope', spanText(s.seen), spanText(s.asked)) + (s.noClock ? ' · ' + t('noClockOf', s.noClock) : '');
  byId('command').textContent = commandLine();
  byId('period').textContent = ['from', 'to'].filter(k => filter[k]).map(k => `${t(k)} ${momentText(filter[k])}`).join(' ');
}

// choose selects a row; with play it shows its original, at a media time of the
// recording or a little before it begins.
function choose(i, play, us, fromSynopsis) {
  const before = selected;
  selected = i;
  if (before !== i) tell('');
  for (const k of [before, i]) { const card = grid.cards.get(k); if (card) card.setAttribute('aria-selected', k === i); }
  if (i < 0) { showFacts(); return; }
  revealInGrid(i);
  const wait = loadPaths(fileOf[i]).catch(() => {});
  const shown = play ? showOriginal(i, us === undefined ? col.best[i] : us) : Promise.resolve();
  showFacts();
  shown.then(() => { if (selected === i) showFacts(); });
  wait.then(() => { drawScene(); drawSynopsis(); });
  if (!fromSynopsis) seekSynopsis(i);
  drawTimeline();
}

function chooseNext(by) {
  const rows = grid.rows, k = rows.indexOf(selected);
  if (!rows.length) return;
  choose(rows[k < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, k + by))], false);
  if (clipsByRow.has(selected)) showOriginal(selected, col.best[selected]); else if (shownClip.row !== selected) closeClip(selected);
  if (!shownClip.clip) sayOriginal(meta.live ? 'keysEnter' : 'noClip', meta.live ? '' : cutCommand(selected));
  showFacts();
}

function showTab(name) {
  for (const tab of ['synopsis', 'grid', 'camera']) {
    byId('tab-' + tab).setAttribute('aria-selected', tab === name);
    byId('tab-' + tab).tabIndex = tab === name ? 0 : -1;
    byId('pane-' + tab).hidden = tab !== name;
  }
  if (name !== 'synopsis' && synopsis) halt(synopsis);
  if (name === 'synopsis' && synopsis) activePlayer = synopsis;
  if (name === 'grid') { layGrid(); if (selected >= 0) revealInGrid(selected); }
  if (name === 'camera') { if (selected >= 0 && !filter.shapes.length) showRecording(col.rec[selected]); drawScene(); }
  if (name === 'synopsis') drawSynopsis();
}

function translate() {
  document.documentElement.lang = lang ? 'en' : 'fr';
  document.title = `${t('review')} ${meta.procedure}`;
  for (const el of document.querySelectorAll('[data-t]')) el.textContent = t(el.dataset.t);
  for (const el of document.querySelectorAll('[data-tt]')) { el.title = t(el.dataset.tt); el.setAttribute('aria-label', t(el.dataset.tt)); }
  for (const el of document.querySelectorAll('[data-tp]')) el.placeholder = t(el.dataset.tp);
  byId('lang').textContent = lang ? 'Français' : 'English';
  byId('lang').lang = lang ? 'fr' : 'en';
  byId('mark').textContent = meta.mark || '';
  byId('mark').hidden = !meta.mark;
  byId('keys').querySelector('table').replaceChildren(...keyHelp.map(k => make('tr', null, make('th', { scope: 'row' }, make('kbd', null, k[lang])), make('td', null, k[2 + lang]))));
  byId('made').textContent = `${t('made')} ${clockText(Date.parse(meta.made) * 1000)} ${t('by')} ${meta.by} · posteriori ${meta.build}`;
  showLegend();
  labelBackgrounds();
  showSynopsisNone();
  showPending();
  tell('');
  dropCards();
  if (originalSaid[0]) sayOriginal(...originalSaid);
  if (selected >= 0 || original) showFacts();
  update();
}

function keys(e) {
  if (e.ctrlKey || e.altKey || e.metaKey || document.querySelector('dialog[open]')) return;
  const el = e.target, typing = /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName) && !/^(checkbox|range|button)$/.test(el.type);
  if (typing) { if (e.key === 'Escape') el.blur(); return; }
  if (e.key === ' ' && /^(BUTTON|INPUT)$/.test(el.tagName)) return; // presses it
  if (el.type === 'range' && e.key.startsWith('Arrow')) return;
  const p = activePlayer, inGrid = el.id === 'grid', tabs = el.getAttribute && el.getAttribute('role') === 'tab';
  const back = us => { if (p && p.video.currentSrc) p.video.currentTime = Math.max(0, p.video.currentTime + us); };
  const arrows = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.perRow, ArrowDown: grid.perRow }[e.key];
  if (arrows && inGrid) { chooseNext(arrows); e.preventDefault(); return; }
  if (arrows && tabs) { const all = ['synopsis', 'grid', 'camera'], k = all.findIndex(n => el.id === 'tab-' + n), to = all[(k + Math.sign(arrows) + 3) % 3]; showTab(to); byId('tab-' + to).focus(); e.preventDefault(); return; }
  if (e.key === 'Enter' && /^(BUTTON|SUMMARY|A)$/.test(el.tagName)) return;
  const act = {
    ' ': () => p && toggle(p), k: () => p && toggle(p), j: () => p && rewind(p),
    l: () => { if (!p) return; if (p.video.paused || p.reverse) { halt(p); setRate(p, 1); toggle(p); } else faster(p, 1); },
    ArrowLeft: () => back(-2), ArrowRight: () => back(2), ',': () => { if (p) { halt(p); p.step(-1); } }, '.': () => { if (p) { halt(p); p.step(1); } },
    '[': () => p && faster(p, -1), ']': () => p && faster(p, 1), Enter: () => { if (selected >= 0) { activePlayer = original; choose(selected, true); } },
    n: () => chooseNext(1), p: () => chooseNext(-1), v: () => decide('validated'), x: () => decide('rejected'), c: askRemark,
    1: () => { showTab('synopsis'); byId('tab-synopsis').focus(); }, 2: () => { showTab('grid'); byId('grid').focus(); }, 3: () => { showTab('camera'); byId('scene').focus(); },
    z: () => setTool('zone'), d: () => setTool('line'), f: () => byId('clear').focus(), '?': () => byId('keys').showModal(), Escape: () => { if (view.tool) setTool(''); },
  }[e.key.length === 1 ? e.key.toLowerCase() : e.key];
  if (act) { act(); e.preventDefault(); }
}

function start() {
  byId('procedure').textContent = meta.procedure;
  const zones = [...new Set([timeZone, 'Europe/Paris', 'UTC', ...['Indian/Reunion', 'America/Martinique', 'Pacific/Noumea']])];
  byId('zone').replaceChildren(...zones.map(z => make('option', { value: z }, z)));
  byId('zone').onchange = () => { timeZone = byId('zone').value; translate(); };
  byId('lang').onclick = () => { lang = 1 - lang; translate(); };
  byId('clear').onclick = () => { clearFilter(); update(); };
  byId('help').onclick = () => byId('keys').showModal();
  byId('keys-close').onclick = () => byId('keys').close();
  byId('print').onclick = () => window.print();
  byId('export').onclick = exportDecisions;
  byId('copy').onclick = copyCommand;
  byId('do-validate').onclick = () => decide('validated');
  byId('do-reject').onclick = () => decide('rejected');
  byId('do-comment').onclick = askRemark;
  for (const tab of ['synopsis', 'grid', 'camera']) byId('tab-' + tab).onclick = () => showTab(tab);
  byId('grid').addEventListener('scroll', showGrid, { passive: true });
  window.addEventListener('beforeprint', () => { printGrid(); printTimeline(true); });
  window.addEventListener('afterprint', () => printTimeline(false));
  window.addEventListener('beforeunload', e => { if (pending.length) e.preventDefault(); });
  document.addEventListener('keydown', keys);
  buildFacets(update);
  startTimeline();
  startOriginal();
  startSynopsis();
  startCamera();
  showTab((meta.synopses || []).length ? 'synopsis' : 'grid');
  translate();
  new ResizeObserver(() => { layGrid(); drawTimeline(); drawScene(); drawSynopsis(); }).observe(byId('main'));
  requestAnimationFrame(() => setTimeout(() => performance.mark('ready')));
  loadInTurn().then(() => { drawScene(); drawSynopsis(); }, () => {});
}

function copyCommand() {
  const done = () => { byId('copy').textContent = t('copied'); setTimeout(() => { byId('copy').textContent = t('copy'); }, 1500); };
  const old = () => { const r = document.createRange(); r.selectNodeContents(byId('command')); getSelection().removeAllRanges(); getSelection().addRange(r); if (document.execCommand('copy')) done(); };
  if (navigator.clipboard) navigator.clipboard.writeText(byId('command').textContent).then(done, old); else old();
}

// What the tests look at.
window.review = { meta, filter, search, update, visits, crossings, stops, choose, shownClip, commandLine, pathOf, parseClock, clockText,
  rows: () => current.rows, name: nameOf, havePaths, scopeNow, words, synopsisAt: () => syn, settled: () => waiting, selected: () => selected, pending, setZone: z => { timeZone = z; translate(); } };
start();

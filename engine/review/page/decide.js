// Decisions of a person. Where posteriori serve answers, each is an act in the
// journal at once; from a folder they are kept until they are exported.

const pending = [];

function ask(what, body) {
  return fetch('api/' + what, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
    .catch(() => { throw new Error(t('ended')); })
    .then(r => r.json().then(v => { if (!r.ok) throw new Error(`${t('failed')}${colon()}${v.error || r.status}${v.hint ? ' (' + v.hint + ')' : ''}`); return v; }));
}

function decide(verdict, text = '') {
  const i = selected;
  if (i < 0) return Promise.resolve();
  if (verdict !== 'comment' && meta.statuses[col.status[i]] === verdict && !text) return Promise.resolve();
  const d = { recording: recOf(i).id, sha256: recOf(i).sha256, track: col.id[i], verdict, text };
  if (meta.live) {
    return ask('decide', d).then(got => { note(i, verdict, text, got.by, got.at_unix_us); tell(`${t('journalled')}${colon()}${t('record')} ${got.record}`); },
      err => tell(err.message, true));
  }
  const at = Date.now() * 1000;
  pending.push({ ...d, at_unix_us: at });
  note(i, verdict, text, meta.by, at);
  showPending();
  return Promise.resolve();
}

function note(i, verdict, text, by, at) {
  const k = meta.statuses.indexOf(verdict);
  if (k >= 0) col.status[i] = k;
  const p = plates.get(i);
  if (p && verdict === 'rejected') { p.text = p.text.replace(/[A-Z0-9]/g, '█'); p.masked = true; col.plate[i] = 0; } // rule 10
  else if (p && verdict === 'validated') col.plate[i] = 1;
  if (text) {
    if (!comments.has(i)) comments.set(i, []);
    comments.get(i).push({ text, by, at, verdict });
  }
  const card = grid.cards.get(i);
  if (card) fillCard(card, i, grid.why && grid.why.get(i));
  recount();
  showFacts();
}

function tell(text, bad) {
  byId('told').textContent = text;
  byId('told').classList.toggle('bad', Boolean(bad));
}

function showPending() {
  byId('pending').textContent = pending.length ? t('pending', pending.length) : '';
  byId('export').hidden = meta.live || pending.length === 0;
}

// exportDecisions saves what posteriori hit import takes.
function exportDecisions() {
  const file = { schema: 'posteriori/decisions/1', procedure: meta.procedure, page_made: meta.made, decisions: pending };
  const url = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1)], { type: 'application/json' }));
  const name = `decisions-${meta.procedure}.json`;
  make('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  pending.length = 0;
  showPending();
  tell(`${t('pendingHow')} posteriori hit import -p ${quote(meta.procedure)} ${quote(name)}`);
}

function askRemark() {
  if (selected < 0) return;
  const box = byId('remark'), text = byId('remark-text');
  byId('remark-label').textContent = `${t('say')} ${nameOf(selected)}`;
  text.value = '';
  box.returnValue = 'no';
  box.onclose = () => { if (box.returnValue === 'ok' && text.value.trim()) decide('comment', text.value.trim()); };
  box.showModal();
}

// Words, French first. An element with data-t gets its text, with data-tt its
// title and accessible name, from here.

const words = {
  review: ['Examen de la procédure', 'Review of procedure'],
  proposal: ['Chaque objet est une proposition du logiciel : une personne décide.', 'Every object is a proposal of the software: a person decides.'],
  filters: ['Filtres', 'Filters'], clear: ['Tout effacer', 'Clear all'],
  'class': ['Classe', 'Class'], colour: ['Couleur', 'Colour'], heading: ['Direction (image)', 'Heading (picture)'], status: ['Décision', 'Decision'],
  camera: ['Caméra', 'Camera'], duration: ['Durée en vue (s)', 'Time in view (s)'], size: ['Taille médiane (px)', 'Median size (px)'],
  event: ['Chose déposée, enlevée', 'Thing left, removed'], 'event-left': ['déposé', 'left'], 'event-removed': ['enlevé', 'removed'], linked: ['par', 'by'], eventRow: ['Événement', 'Event'],
  'plate-read': ['plaque lue', 'plate read'], plateRead: ['plaque lue', 'plate read'], find: ['Chercher', 'Find'], fuzzy: ['caractères faux au plus', 'characters wrong at most'],
  literal: ['sans caractères semblables', 'no look-alikes'], plateHint: ['Plaque : ? un caractère, * plusieurs. La recherche est consignée au journal.', 'Plate: ? is one character, * several. The search goes into the journal.'],
  masked: ['masquée jusqu’à validation, puis posteriori hit unmask', 'masked until validated, then posteriori hit unmask'], plateWhy: ['Concordance', 'Match'],
  'plate-exact': ['lue comme demandé', 'read as asked'],
  'plate-second': [d => `${d.want} est le second choix du lecteur au rang ${d.place}${d.read ? ` (${d.percent} %), après ${d.read}` : ''}`,
    d => `${d.want} is the reader’s second choice at ${d.place}${d.read ? ` (${d.percent}%), after ${d.read}` : ''}`],
  'plate-alike': [d => d.read ? `${d.read} lu pour ${d.want} au rang ${d.place}, caractères semblables` : `un caractère semblable à ${d.want} lu au rang ${d.place}`,
    d => d.read ? `${d.read} read for ${d.want} at ${d.place}, which looks alike` : `a look-alike of ${d.want} read at ${d.place}`],
  'plate-replaced': [d => `${d.read || 'un autre'} lu pour ${d.want} au rang ${d.place}`, d => `${d.read || 'another'} read for ${d.want} at ${d.place}`],
  'plate-lacking': [d => `${d.want} non lu après le rang ${d.place}`, d => `${d.want} not read after ${d.place}`],
  'plate-extra': [d => `${d.read || 'un caractère'} lu en trop au rang ${d.place}`, d => `${d.read || 'a character'} read besides at ${d.place}`],
  'plate-raw': ['sur des images isolées seulement, le vote dit autre chose', 'in single pictures only, the votes say otherwise'],
  clothes: [(up, low) => `haut ${up}, bas ${low}`, (up, low) => `${up} over ${low}`], upper: ['Haut (personnes)', 'Upper clothing'], lower: ['Bas (personnes)', 'Lower clothing'],
  groundSpeed: ['Vitesse au sol', 'Speed over ground'], period: ['période à l’envers', 'period backwards'],
  stop: ['Arrêt d’au moins (s)', 'Stands at least (s)'], time: ['Période', 'Period'], least: ['au moins', 'at least'], most: ['au plus', 'at most'],
  from: ['depuis', 'from'], to: ['jusqu’à', 'to'], width: ['largeur', 'width'], height: ['hauteur', 'height'], plate: ['Plaque', 'Plate'],
  shapes: ['Zones et lignes', 'Zones and lines'],
  clockhint: ['AAAA-MM-JJ hh:mm:ss', 'YYYY-MM-DD hh:mm:ss'],
  tabSynopsis: ['Synopsis', 'Synopsis'], tabGrid: ['Objets', 'Objects'], tabCamera: ['Caméra', 'Camera'],
  timeline: ['Chronologie et couverture', 'Timeline and coverage'],
  original: ['Original', 'Original'],
  command: ['Cette recherche en ligne de commande', 'This search as a command line'], copy: ['Copier', 'Copy'], copied: ['Copié', 'Copied'],
  play: ['Lecture / pause (espace)', 'Play / pause (space)'], back: ['Image précédente (,)', 'Frame back (,)'], next: ['Image suivante (.)', 'Frame forward (.)'],
  speed: ['Vitesse', 'Speed'], box: ['Cadre', 'Box'], density: ['Densité', 'Density'],
  atOnce: [n => `${n} objets à la fois`, n => `${n} objects at once`],
  validate: ['Valider (V)', 'Validate (V)'], reject: ['Rejeter (X)', 'Reject (X)'], comment: ['Commenter (C)', 'Comment (C)'],
  exportD: ['Exporter les décisions', 'Export the decisions'],
  zoneTool: ['Tracer une zone', 'Draw a zone'], lineTool: ['Tracer une ligne', 'Draw a line'], done: ['Terminer', 'Finish'],
  paths: ['Trajets', 'Paths'], heat: ['Carte de chaleur', 'Heat map'], background: ['Fond', 'Background'],
  help: ['Touches (?)', 'Keys (?)'], close: ['Fermer', 'Close'], print: ['Imprimer', 'Print'],
  zoomIn: ['Agrandir (+)', 'Zoom in (+)'], zoomOut: ['Réduire (−)', 'Zoom out (−)'], zoomAll: ['Tout voir (0)', 'Show all (0)'],
  recording: ['Enregistrement', 'Recording'], exhibit: ['Scellé', 'Exhibit'], score: ['indice', 'score'], uncertainty: ['incertitude', 'uncertainty'],
  noclock: ['horloge inconnue', 'clock unknown'], media: ['temps média', 'media time'], seen: ['vu', 'seen'], damaged: ['endommagé', 'damaged'],
  gap: ['lacune', 'gap'], relearning: ['réapprentissage', 'relearning'], covered: ['objectif masqué', 'lens covered'],
  'not-analysed': ['non analysé', 'not analysed'], triaged: ['non décodé (tri)', 'not decoded (triage)'], selection: ['période choisie', 'chosen period'],
  proposed: ['proposé', 'proposed'], validated: ['validé', 'validated'], rejected: ['rejeté', 'rejected'],
  other: ['autre', 'other'], person: ['personne', 'person'], bicycle: ['vélo', 'bicycle'], motorcycle: ['deux-roues motorisé', 'motorcycle'],
  car: ['voiture', 'car'], truck: ['camion, fourgon', 'truck, van'], bus: ['bus', 'bus'], bag: ['sac', 'bag'], suitcase: ['valise', 'suitcase'], animal: ['animal', 'animal'],
  unknown: ['inconnue', 'unknown'], black: ['noir', 'black'], grey: ['gris', 'grey'], silver: ['argent', 'silver'], white: ['blanc', 'white'],
  red: ['rouge', 'red'], orange: ['orange', 'orange'], yellow: ['jaune', 'yellow'], green: ['vert', 'green'], blue: ['bleu', 'blue'],
  purple: ['violet', 'purple'], pink: ['rose', 'pink'], brown: ['marron', 'brown'], beige: ['beige', 'beige'],
  N: ['N', 'N'], NE: ['NE', 'NE'], E: ['E', 'E'], SE: ['SE', 'SE'], S: ['S', 'S'], SW: ['SO', 'SW'], W: ['O', 'W'], NW: ['NO', 'NW'],
  enters: ['entre dans', 'enters'], leaves: ['quitte', 'leaves'], dwell: ['reste dans', 'stays in'], cross: ['franchit', 'crosses'],
  either: ['dans les deux sens', 'either way'], left: ['vers sa gauche', 'to its left'], right: ['vers sa droite', 'to its right'],
  remove: ['Retirer', 'Remove'], name: ['Nom', 'Name'], rule: ['Règle', 'Rule'], coordinates: ['Coordonnées', 'Coordinates'],
  'min-duration': ['durée au moins', 'time at least'], 'max-duration': ['durée au plus', 'time at most'], 'min-size': ['taille au moins', 'size at least'],
  'max-size': ['taille au plus', 'size at most'], stops: ['arrêt', 'stop'],
  'min-width': ['largeur au moins', 'width at least'], 'min-height': ['hauteur au moins', 'height at least'],
  'max-width': ['largeur au plus', 'width at most'], 'max-height': ['hauteur au plus', 'height at most'],
  results: [n => n === 1 ? '1 objet' : fmt(n) + ' objets', n => n === 1 ? '1 object' : fmt(n) + ' objects'],
  ofAll: [(n, all) => `${fmt(n)} sur ${fmt(all)}`, (n, all) => `${fmt(n)} of ${fmt(all)}`],
  noClockOf: [n => `${fmt(n)} sans horloge, non cherché${n > 1 ? 's' : ''}`, n => `${fmt(n)} without a clock, not searched`],
  scope: [(seen, asked) => `vu ${seen} sur ${asked}`, (seen, asked) => `seen ${seen} of ${asked}`],
  empty: ['La recherche n’a trouvé aucun objet. Cela ne vaut que pour ce qui a été vu : voyez la couverture.', 'The search found no object. That holds for what was seen only: look at the coverage.'],
  none: ['Aucun objet ne passe tous les filtres. Ce qu’une seule condition écarte :', 'No object passes all filters. What one condition alone drops:'],
  nearest: ['Les plus proches :', 'The nearest:'], without: ['sans cette condition', 'without it'],
  farther: ['Aucun objet n’est écarté par une seule condition : retirez-en plusieurs.', 'No object is dropped by one condition alone: take away several.'],
  noSynopsis: ['Cette page n’a pas de synopsis. Pour en faire un :', 'This page has no synopsis. To make one:'],
  noTrack: ['Choisissez un objet : dans le synopsis, parmi les objets, ou sur la caméra.', 'Choose an object: in the synopsis, among the objects, or on the camera.'],
  noClip: ['Le passage n’est pas dans ce dossier. Cette commande l’extrait :', 'The passage is not in this folder. This command cuts it:'],
  cutting: ['Extraction du passage ; l’original est vérifié…', 'Cutting the passage; the original is being verified…'],
  hashing: ['Le condensat de l’original est recalculé avant et après.', 'The original is hashed before and after.'],
  copiedBits: ['images de l’original, copiées bit à bit', 'pictures of the original, copied bit for bit'],
  encoded: ['réencodé pour la lecture', 'encoded anew for viewing'],
  part: [(k, n) => `partie ${k} sur ${n}`, (k, n) => `part ${k} of ${n}`],
  keysEnter: ['Entrée montre l’original.', 'Enter shows the original.'],
  passage: ['Passage', 'Passage'],
  noPlate: ['Aucun fond n’est connu pour cet enregistrement.', 'No background is known of this recording.'],
  drawZone: ['Cliquez les coins ; double-clic ou Entrée pour finir, Échap pour annuler. Au clavier : flèches et Espace.', 'Click the corners; double click or Enter to finish, Escape to give up. By keys: arrows and Space.'],
  drawLine: ['Cliquez les deux bouts. Au clavier : flèches et Espace.', 'Click both ends. By keys: arrows and Space.'],
  badShape: ['Ce n’est pas NOM=x,y x,y …', 'This is not NAME=x,y x,y …'], nameTaken: ['Ce nom est pris.', 'This name is taken.'],
  otherSizes: [(w, h) => `trajets des enregistrements en ${w}×${h}`, (w, h) => `paths of the recordings of ${w}×${h}`],
  dropped: ['les zones et lignes de l’autre image ont été retirées', 'the zones and lines of the other picture were taken away'],
  pathsMissing: ['Les trajets ne peuvent pas être lus ; les zones ne donnent rien.', 'The paths cannot be read; zones find nothing.'],
  morePaths: [(n, all) => `${fmt(n)} trajets tracés sur ${fmt(all)}, pris régulièrement`, (n, all) => `${fmt(n)} of ${fmt(all)} paths are drawn, evenly taken`],
  pending: [n => n === 1 ? '1 décision non exportée' : fmt(n) + ' décisions non exportées', n => n === 1 ? '1 decision not exported' : fmt(n) + ' decisions not exported'],
  journalled: ['Consigné au journal', 'In the journal'], record: ['acte', 'record'],
  pendingHow: ['Puis :', 'Then:'], say: ['Votre remarque sur', 'Your remark on'], empties: ['Une remarque vide ne dit rien.', 'An empty remark says nothing.'],
  ended: ['La session est terminée. Relancez posteriori serve.', 'The session has ended. Start posteriori serve again.'],
  reading: ['Lecture des trajets…', 'Reading the paths…'],
  failed: ['Cela n’a pas pu être fait', 'This could not be done'],
  montage: ['Montage : ce n’est pas l’original.', 'Montage: not the original.'],
  made: ['Page faite le', 'Page made on'], by: ['par', 'by'], relevant: ['Portée', 'Scope'], zone: ['Fuseau', 'Time zone'],
  keys: ['Touches', 'Keys'], otherMoment: ['autre image de fond', 'other background'], noEntry: ['Date non comprise', 'Date not understood'],
  shownFirst: [n => `les ${fmt(n)} premiers`, n => `the first ${fmt(n)}`], where: ['expression', 'expression'],
};

const keyHelp = [
  ['Espace, K', 'Space, K', 'lecture, pause', 'play, pause'],
  ['J / L', 'J / L', 'plus lent, ou en arrière / plus vite', 'slower, or back / faster'],
  ['← →', '← →', '2 secondes (lecteur), objet voisin (grille)', '2 seconds (player), next object (grid)'],
  [', .', ', .', 'une image', 'one frame'],
  ['[ ]', '[ ]', 'vitesse', 'speed'],
  ['Entrée', 'Enter', 'montrer l’original de l’objet', 'show the object’s original'],
  ['N / P', 'N / P', 'objet suivant, précédent', 'next, previous object'],
  ['V X C', 'V X C', 'valider, rejeter, commenter', 'validate, reject, comment'],
  ['1 2 3', '1 2 3', 'synopsis, objets, caméra', 'synopsis, objects, camera'],
  ['Z / D', 'Z / D', 'tracer une zone, une ligne', 'draw a zone, a line'],
  ['F', 'F', 'aller aux filtres', 'go to the filters'],
  ['?', '?', 'cette aide', 'this help'],
];

let lang = 0; // 0 French, 1 English
const locale = () => lang ? 'en-GB' : 'fr-FR';
const formats = new Map(); // making one costs more than using it a hundred times
function fmt(n, least = 0, most = 0) {
  const key = lang + ' ' + least + ' ' + most;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale(), { minimumFractionDigits: least, maximumFractionDigits: most }));
  return formats.get(key).format(n);
}
function t(key, ...args) {
  const w = words[key];
  if (!w) return key;
  return typeof w[lang] === 'function' ? w[lang](...args) : w[lang];
}
const colon = () => lang ? ': ' : '\u00a0: ';

// Times. Every clock time is shown with its offset from UTC, so that the night
// on which clocks go back has no doubtful hour.
let timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
let zoneFormat = null;
function partsAt(us) {
  if (!zoneFormat || zoneFormat.zone !== timeZone) {
    zoneFormat = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
      hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'longOffset' });
    zoneFormat.zone = timeZone;
  }
  const out = {};
  for (const p of zoneFormat.formatToParts(new Date(Math.floor(us / 1000)))) out[p.type] = p.value;
  out.offset = out.timeZoneName.replace('GMT', '') || '+00:00';
  return out;
}
const momentText = b => b.media ? '+' + mediaText(b.us) : clockText(b.us);
const dateText = us => { const p = partsAt(us); return lang ? `${p.year}-${p.month}-${p.day}` : `${p.day}/${p.month}/${p.year}`; };
function clockText(us, fine) {
  const p = partsAt(us), ms = fine ? (lang ? '.' : ',') + String(Math.floor((((us % 1e6) + 1e6) % 1e6) / 1000)).padStart(3, '0') : '';
  return `${dateText(us)} ${p.hour}:${p.minute}:${p.second}${ms} (UTC${p.offset})`;
}
function isoText(us) { // as ParseMoment reads it
  const p = partsAt(us), sub = ((us % 1e6) + 1e6) % 1e6;
  return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:${p.second}${sub ? '.' + String(sub).padStart(6, '0').replace(/0+$/, '') : ''}${p.offset}`;
}
function mediaText(us, fine) {
  const unit = fine ? 1000 : 1e5, n = Math.floor((us + (fine ? 0 : 5e4)) / unit), s = Math.floor(n * unit / 1e6);
  const two = v => String(v).padStart(2, '0');
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}${lang ? '.' : ','}${fine ? String(n % 1000).padStart(3, '0') : n % 10}`;
}
function spanText(us) {
  const s = us / 1e6;
  if (s < 60) return fmt(s, 0, 1) + '\u00a0s';
  const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60, r = Math.round(s % 60);
  return (h ? h + '\u00a0h ' : '') + m + '\u00a0min' + (r && !h ? ' ' + r + '\u00a0s' : '');
}

// parseClock reads a date and time of day, with its offset or in the page's
// zone; an hour that comes twice is the first. NaN when it is none.
function parseClock(text) {
  const m = /^\s*(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)\/(\d\d)\/(\d{4}))[T ]+(\d\d):(\d\d)(?::(\d\d)([.,]\d+)?)?\s*\(?(?:UTC)?(Z|[+-]\d\d:?\d\d)?\)?\s*$/.exec(text);
  if (!m) return NaN;
  const [y, mo, d] = m[1] ? [m[1], m[2], m[3]] : [m[6], m[5], m[4]];
  const local = Date.UTC(+y, mo - 1, +d, +m[7], +m[8], +(m[9] || 0)) * 1000 + Math.round(Number('0' + (m[10] || '.0').replace(',', '.')) * 1e6);
  if (m[11]) {
    if (m[11] === 'Z') return local;
    const o = /([+-])(\d\d):?(\d\d)/.exec(m[11]);
    return local - (o[1] === '-' ? -1 : 1) * (+o[2] * 60 + +o[3]) * 6e7;
  }
  const offset = us => { const o = /([+-])(\d\d):(\d\d)/.exec(partsAt(us).offset); return o ? (o[1] === '-' ? -1 : 1) * (+o[2] * 60 + +o[3]) * 6e7 : 0; };
  for (const at of [local - offset(local - 864e8), local - offset(local + 864e8)]) { // by the offset of the day before, then after
    if (at + offset(at) === local) return at;
  }
  return local - offset(local); // an hour that is left out
}

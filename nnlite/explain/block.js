// The block by hand: `data` holds, for each setting, what nnlite computed, forward and back.
const NAMES = {
  x: 'x, the input', c1: 'convolved', b1: 'normalised', r1: 'rectified', c2: 'convolved again', b2: 'normalised again',
  s: 'from the shortcut', sum: 'the sum', y: 'y, the output', gy: 'the gradient at y', gs: 'the gradient at the sum',
  gb2: "at the second convolution's output", gr1: "at the ReLU's output", gb1: "at the ReLU's input",
  gc1: "at the first convolution's output", gbranch: 'through the branch', gshort: 'through the shortcut',
  gx: 'the gradient at x',
};
const state = {step: 0, weight: data.weights.length - 1, norms: 1, depth: 0, seed: 0, i: 1, j: 1};
const $ = id => document.getElementById(id);
const frameAt = weight => data.frames[state.seed][state.depth][state.norms][weight];
const frame = () => frameAt(state.weight);
const steps = () => data.steps.filter(step => state.norms || !step.norms);

// A number in three digits.
function number(value) {
  const size = Math.abs(value);
  if (size === 0) return '0';
  const digits = 2 - Math.floor(Math.log10(size));
  return (digits > 5 ? value.toExponential(2) : value.toFixed(Math.max(0, digits))).replaceAll('-', '\u2212');
}
// The numbers of a table have as many digits behind the point as the largest one needs for two or three.
function even(value, most) {
  const digits = Math.ceil(1.5 - Math.log10(most));
  return digits > 5 ? number(value) : value.toFixed(Math.max(1, digits)).replace('-', '\u2212');
}
const factor = value => value < 0 ? `(${number(value)})` : number(value);
const mean = list => list.reduce((a, b) => a + b, 0) / list.length;

// What each kind of step says of element (i, j) of its result: the number, how it comes about, and what else to know.
const KINDS = {
  convolve: (f, {from, weight}, i, j) => windowed(f[from], f[weight], i, j, 1),
  convolveBack: (f, {from, weight}, i, j) => windowed(f[from], f[weight], i, j, -1),
  normalise: (f, {from, norm}, i, j) => {
    const {mean: m, std, weight, bias} = f[norm], v = f[from][i][j];
    return [(v - m) / std * weight + bias,
      `(${number(v)} \u2212 ${factor(m)}) / ${number(std)} \u00b7 ${factor(weight)} + ${factor(bias)}`];
  },
  normaliseBack: (f, {from, norm, input}, i, j) => {
    const {mean: m, std, weight} = f[norm], g = f[from].flat(), n = f[input].flat().map(v => (v - m) / std);
    const gs = mean(g), gns = mean(g.map((v, k) => v * n[k])), here = (f[input][i][j] - m) / std, v = f[from][i][j];
    return [weight / std * (v - gs - here * gns), `${factor(weight)} / ${number(std)} \u00b7 (${number(v)} \u2212 ` +
      `${factor(gs)} \u2212 ${factor(here)} \u00b7 ${factor(gns)})`,
      `; mean(g) is ${number(gs)}, n here ${number(here)}, mean(g \u00b7 n) ${number(gns)}`];
  },
  rectify: (f, {from}, i, j) => [Math.max(0, f[from][i][j]), `max(0, ${number(f[from][i][j])})`],
  rectifyBack: (f, {from, output}, i, j) => {
    const v = f[from][i][j], y = f[output][i][j];
    return y > 0 ? [v, `${number(v)}, as the output, ${number(y)}, is above 0`] : [0, `not ${number(v)}, as the output is 0`];
  },
  scale: (f, {from}, i, j) => {
    const weight = data.weights[state.weight], v = f[from][i][j];
    return [weight * v, `${number(weight)} \u00b7 ${factor(v)}`];
  },
  add: (f, {from, other}, i, j) => [f[from][i][j] + f[other][i][j],
    `${number(f[from][i][j])} + ${factor(f[other][i][j])}`],
  same: (f, {from}, i, j) => [f[from][i][j], `${number(f[from][i][j])}, as it is`],
};
function windowed(map, weight, i, j, way) {
  let total = 0;
  const terms = [];
  for (let a = 0; a < 3; a++)
    for (let b = 0; b < 3; b++) {
      const row = map[i + way * (a - 1)], value = row && row[j + way * (b - 1)];
      if (value === undefined) continue;
      total += weight[a][b] * value;
      terms.push(`${factor(weight[a][b])}\u00b7${factor(value)}`);
    }
  return [total, terms.join(' + '), terms.length < 9 ? '; beyond the border are zeros' : ''];
}
const reach = step => step.weight ? 1 : 0;  // how far from (i, j) the step reads

function table(name, result) {
  const array = frame()[name], most = Math.max(...array.flat().map(Math.abs), 1e-30);
  const cell = (value, i, j) => {
    const share = Math.round(70 * Math.abs(value) / most), color = value > 0 ? 'var(--blue)' : 'var(--orange)';
    const place = `data-i="${i}" data-j="${j}"` + (result ? ' tabindex="-1"' : '');
    return `<td ${place} style="background: color-mix(in srgb, ${color} ${share}%, var(--paper))">${even(value, most)}</td>`;
  };
  const rows = array.map((row, i) => '<tr>' + row.map((value, j) => cell(value, i, j)).join('') + '</tr>').join('');
  return `<figure class="${result ? 'result' : 'given'}"><table class="map">${rows}</table>` +
    `<figcaption>${NAMES[name]}</figcaption></figure>`;
}
// All that a step reads, and what comes of it.
function arrays(step) {
  const given = [step.from, step.other, step.input, step.output].filter(name => name && name !== step.to);
  return given.map(name => table(name, false)).join('') + (step.weight ? weights(step.weight) : '') + table(step.to, true);
}
function weights(name) {
  const array = frame()[name], most = Math.max(...array.flat().map(Math.abs));
  const rows = array.map(row => '<tr>' + row.map(value => `<td>${even(value, most)}</td>`).join('') + '</tr>');
  return `<figure><table class="map">${rows.join('')}</table><figcaption>its weights</figcaption></figure>`;
}
// Spell out the chosen element, and mark it and what it is made of.
function say() {
  const step = steps()[state.step], [value, words, note = ''] = KINDS[step.kind](frame(), step, state.i, state.j);
  $('arithmetic').textContent = `row ${state.i + 1}, column ${state.j + 1}:  ` +
    (step.kind === 'same' ? words : `${words} \u2248 ${number(value)}${note}`);
  $('arithmetic').dataset.value = value;  // all its digits
  for (const cell of $('arrays').querySelectorAll('td[data-i]')) {
    const far = Math.max(Math.abs(cell.dataset.i - state.i), Math.abs(cell.dataset.j - state.j));
    const result = cell.hasAttribute('tabindex');
    cell.classList.toggle('chosen', result && far === 0);
    cell.classList.toggle('read', !result && far <= reach(step));
    if (result) cell.tabIndex = far === 0 ? 0 : -1;
  }
}
function show() {
  const list = steps(), focused = $('arrays').contains(document.activeElement);
  state.step = Math.min(state.step, list.length - 1);
  const step = list[state.step];
  $('title').textContent = `${state.step + 1} of ${list.length}. ${step.title}`;
  $('formula').textContent = step.formula;
  $('code').textContent = step.code;
  $('where').textContent = `${step.file}, line ${step.line}`;
  $('whole').textContent = step.whole;
  $('arrays').innerHTML = arrays(step);
  for (const node of $('drawing').querySelectorAll('[data-node]')) {
    const on = node.dataset.node === step.node;
    node.classList.toggle('on', on && !step.back);
    node.classList.toggle('back', on && step.back);
    node.classList.toggle('gone', node.dataset.node.startsWith('norm') && !state.norms ||
      node.dataset.node === 'short' && !data.weights[state.weight] && !on);
    if (on) {  // where the drawing is wider than the screen
      const stage = $('stage'), box = node.getBoundingClientRect(), seen = stage.getBoundingClientRect();
      if (box.left < seen.left || box.right > seen.right)
        stage.scrollLeft += (box.left + box.right - seen.left - seen.right) / 2;
    }
  }
  $('way').textContent = step.back ? '\u2190 back: gradients' : 'forward: outputs \u2192';
  $('previous').disabled = state.step === 0;
  $('next').disabled = state.step === list.length - 1;
  say();
  if (focused) $('arrays').querySelector('td.chosen').focus();
}
function change() {
  const f = frame(), norm = name => Math.hypot(...f[name].flat()).toPrecision(3);
  $('weight-said').textContent = data.weights[state.weight].toFixed(2);
  $('norms').textContent = `norm of the gradient in the first block: at y ${norm('gy')}; through the branch ` +
    `${norm('gbranch')}, through the shortcut ${norm('gshort')}; together, at x, ${norm('gx')}`;
  wayBack();
  show();
}
// On paper: all steps.
addEventListener('beforeprint', () => {
  $('handout').innerHTML = steps().map((step, n) => `<article><h3>${n + 1}. ${step.title}</h3>` +
    `<p>${step.formula}</p>${arrays(step)}</article>`).join('');
});
addEventListener('afterprint', () => { $('handout').textContent = ''; });
// The chart: the norms of this setting, and of the one without a shortcut.
function wayBack() {
  const svg = $('way-back'), L = 64, R = 12, T = 12, B = 36, W = 720, H = 240;
  const curves = [frameAt(0).norms, frame().norms].map(
    list => list.map(v => Math.log10(Math.max(v / list.at(-1), 1e-30))));
  const low = Math.floor(Math.min(...curves.flat())), high = Math.max(low + 1, Math.ceil(Math.max(...curves.flat())));
  const count = curves[0].length, x = n => L + 20 + (W - L - R - 40) * n / (count - 1);
  const y = v => T + (H - T - B) * (high - v) / (high - low), parts = [];
  for (let tick = low; tick <= high; tick++)
    parts.push(`<line class="axis" x1="${L}" x2="${W - R}" y1="${y(tick)}" y2="${y(tick)}"/>`,
      `<text x="${L - 8}" y="${y(tick) + 4}" text-anchor="end">1e${tick}</text>`);
  for (let n = 0; n < count; n++)
    parts.push(`<text x="${x(n)}" y="${H - 14}" text-anchor="middle">${n + 1 < count ? n + 1 : 'loss'}</text>`);
  for (const [n, curve] of curves.entries()) {
    const color = n ? 'var(--blue)' : 'var(--orange)', dash = n ? '' : 'stroke-dasharray="7 5"';
    const points = curve.map((v, k) => `${x(k).toFixed(1)},${y(v).toFixed(1)}`);
    parts.push(`<polyline fill="none" stroke="${color}" stroke-width="2.5" ${dash} points="${points.join(' ')}"/>`);
    for (const point of points) {
      const [cx, cy] = point.split(',');
      parts.push(`<circle cx="${cx}" cy="${cy}" r="4" fill="${color}"/>`);
    }
  }
  svg.innerHTML = parts.join('');
}
function go(by) {
  state.step = Math.max(0, Math.min(steps().length - 1, state.step + by));
  show();
}
function choose(i, j) {
  const array = frame()[steps()[state.step].to];
  state.i = Math.max(0, Math.min(array.length - 1, i));
  state.j = Math.max(0, Math.min(array[0].length - 1, j));
  say();
}
const MOVES = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]};
const STEPS = {ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1};
document.addEventListener('keydown', event => {
  if (event.altKey || event.ctrlKey || event.metaKey || !$('title').offsetParent) return;
  if (event.target.closest('input, select')) return;
  const cell = event.target.closest('td[tabindex]'), move = MOVES[event.key], by = STEPS[event.key];
  if (cell && move) {
    choose(state.i + move[0], state.j + move[1]);
    $('arrays').querySelector('td.chosen').focus();
  } else if (cell && event.key === 'Escape') cell.blur(); else if (by) go(by); else return;
  event.preventDefault();
});
$('next').addEventListener('click', () => go(1));
$('previous').addEventListener('click', () => go(-1));
// A click shows an element and leaves the keys to the steps.
$('arrays').addEventListener('mousedown', event => { if (event.target.closest('td[data-i]')) event.preventDefault(); });
for (const kind of ['pointerover', 'click', 'focusin']) $('arrays').addEventListener(kind, event => {
  const cell = event.target.closest('td[data-i]');
  if (cell) choose(Number(cell.dataset.i), Number(cell.dataset.j));
});
$('weight').max = data.weights.length - 1;
$('weight').value = state.weight;
const CONTROLS = {
  weight: ['input', () => { state.weight = Number($('weight').value); }],
  'use-norms': ['change', () => { state.norms = $('use-norms').checked ? 1 : 0; }],
  blocks: ['change', () => { state.depth = Number($('blocks').value); }],
  seed: ['change', () => { state.seed = Number($('seed').value); }],
};
for (const [id, [kind, set]] of Object.entries(CONTROLS)) $(id).addEventListener(kind, () => { set(); change(); });
change();

// The deep pair: `data` holds what was recorded of the training of both.
const W = 720, H = 280, L = 64, R = 12, T = 14, B = 34, NS = 'http://www.w3.org/2000/svg';
const colors = ['var(--blue)', 'var(--orange)'], dashes = ['', '7 5'];
const steps = data.twins[0].steps;
function element(parent, name, attributes, text) {
  const node = document.createElementNS(NS, name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  return parent.appendChild(node);
}
// A chart with an axis from low to high; returns where a value lies, and what draws a curve.
function chart(id, low, high, ticks, show, count) {
  const svg = document.getElementById(id);
  svg.setAttribute('viewBox', `0 0 ${W} ${H}`);
  const x = place => L + (W - L - R) * (count > 1 ? place / (count - 1) : 0.5);
  const y = value => T + (H - T - B) * (high - Math.min(high, Math.max(low, value))) / (high - low);
  for (const tick of ticks) {
    element(svg, 'line', {class: 'axis', x1: L, x2: W - R, y1: y(tick), y2: y(tick)});
    element(svg, 'text', {x: L - 8, y: y(tick) + 4, 'text-anchor': 'end'}, show(tick));
  }
  const lines = data.twins.map((_, n) => element(svg, 'polyline',
    {fill: 'none', stroke: colors[n], 'stroke-width': 2.5, 'stroke-dasharray': dashes[n]}));
  const draw = rows => rows.forEach((row, n) => lines[n].setAttribute('points',
    row.map((value, place) => x(place).toFixed(1) + ',' + y(value).toFixed(1)).join(' ')));
  return {svg, x, draw};
}
const logs = data.twins.map(twin => twin.norms.map(row => row.map(value => Math.log10(Math.max(value, 1e-30)))));
const all = logs.flat(2);
const low = Math.floor(Math.min(...all)), high = Math.max(low + 1, Math.ceil(Math.max(...all)));
const range = Array.from({length: high - low + 1}, (_, n) => low + n);
const depth = chart('depth', low, high, range, tick => '1e' + tick, data.layers.length);
const most = Math.ceil(Math.max(...data.twins.flatMap(twin => twin.loss)));
const loss = chart('loss', 0, most, Array.from({length: most + 1}, (_, n) => n), tick => tick, steps.length);
loss.draw(data.twins.map(twin => twin.loss));
const now = element(loss.svg, 'line', {stroke: 'currentColor', y1: T, y2: H - B});
for (const [id, text] of [['depth', 'layer, from the input to the output'], ['loss', 'step of training']])
  element(document.getElementById(id), 'text', {x: (W + L) / 2, y: H - 8, 'text-anchor': 'middle'}, text);
const slider = document.getElementById('step'), said = document.getElementById('said');
slider.max = steps.length - 1;
function show() {
  const place = Number(slider.value);
  depth.draw(logs.map(rows => rows[place]));
  now.setAttribute('x1', loss.x(place)); now.setAttribute('x2', loss.x(place));
  said.textContent = `step ${steps[place]}: ` + data.twins.map(twin => {
    const row = twin.norms[place];
    return `${twin.name}: first layer ${row[0].toExponential(2)}, last ${row[row.length - 1].toExponential(2)}, ` +
      `loss ${twin.loss[place].toFixed(3)}, ${(100 * twin.accuracy[place]).toFixed(0)} % right`;
  }).join('; ');
  slider.setAttribute('aria-valuetext', said.textContent);
}
slider.addEventListener('input', show);
show();
// The arrow keys move the slider from anywhere on the page.
document.addEventListener('keydown', event => {
  const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (!by || event.altKey || event.ctrlKey || event.metaKey || !said.offsetParent || event.target.closest('input, select')) return;
  slider.value = Number(slider.value) + by;
  show();
  event.preventDefault();
});

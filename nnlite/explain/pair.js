// The deep pair: `data` holds what was recorded of the training of both.
const L = 60, R = 12, T = 12, B = 46, NS = 'http://www.w3.org/2000/svg';
const COLORS = ['var(--blue)', 'var(--orange)'], DASHES = ['', '7 5'];
const $ = id => document.getElementById(id);
const steps = data.twins[0].steps;
function element(parent, name, attributes, text) {
  const node = document.createElementNS(NS, name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  return parent.appendChild(node);
}
// A chart: curves of one row a twin, on an axis from low to high, over `count` places of which some have a name.
// Returns what draws it, and where a place lies.
function chart(id, W, H, title, names) {
  const svg = $(id), count = names.length;
  svg.setAttribute('viewBox', `0 0 ${W} ${H}`);
  const x = place => L + (W - L - R) * (count > 1 ? place / (count - 1) : 0.5);
  const draw = (rows, low, high, ticks, show) => {
    const y = value => T + (H - T - B) * (high - Math.min(high, Math.max(low, value))) / (high - low);
    svg.replaceChildren();
    for (const tick of ticks) {
      element(svg, 'line', {class: 'axis', x1: L, x2: W - R, y1: y(tick), y2: y(tick)});
      element(svg, 'text', {x: L - 8, y: y(tick) + 4, 'text-anchor': 'end'}, show(tick));
    }
    names.forEach((name, place) => name !== null &&
      element(svg, 'text', {x: x(place), y: H - B + 19, 'text-anchor': 'middle'}, name));
    element(svg, 'text', {x: (W + L) / 2, y: H - 7, 'text-anchor': 'middle'}, title);
    rows.forEach((row, n) => element(svg, 'polyline', {
      fill: 'none', stroke: COLORS[n], 'stroke-width': 2.5, 'stroke-dasharray': DASHES[n],
      points: row.map((value, place) => x(place).toFixed(1) + ',' + y(value).toFixed(1)).join(' '),
    }));
  };
  return {svg, x, draw, T, bottom: H - B};
}
const range = (low, high) => Array.from({length: high - low + 1}, (_, n) => low + n);
const few = (list, most) => list.map((name, n) => n % Math.ceil(list.length / most) ? null : name);

const depth = chart('depth', 680, 330, 'layer, from the input to the output', few(data.layers.map((_, n) => n + 1), 14));
const loss = chart('loss', 440, 165, 'step of training', few(steps, 6));
const accuracy = chart('accuracy', 440, 165, 'step of training', few(steps, 6));
const slider = $('step'), said = $('said');
slider.max = steps.length - 1;

// The curves of a step as powers of ten: of the norms, or of what they are to the last convolution's.
function curves(place) {
  return data.twins.map(twin => {
    const row = twin.norms[place], unit = $('relative').checked ? row[data.last] : 1;
    return row.map(value => Math.log10(Math.max(value / unit, 1e-30)));
  });
}
function show() {
  const place = Number(slider.value), all = steps.flatMap((_, n) => curves(n).flat());
  const low = Math.floor(Math.min(...all)), high = Math.max(low + 1, Math.ceil(Math.max(...all)));
  depth.draw(curves(place), low, high, range(low, high), tick => '1e' + tick);
  const most = Math.ceil(Math.max(...data.twins.flatMap(twin => twin.loss)));
  loss.draw(data.twins.map(twin => twin.loss), 0, most, range(0, most), tick => tick);
  accuracy.draw(data.twins.map(twin => twin.accuracy), 0, 1, [0, 0.5, 1], tick => 100 * tick + ' %');
  for (const {svg, x, T, bottom} of [loss, accuracy])
    element(svg, 'line', {class: 'now', x1: x(place), x2: x(place), y1: T, y2: bottom});
  said.textContent = `step ${steps[place]}: ` + data.twins.map(twin => {
    const row = twin.norms[place];
    return `${twin.name}: gradient at the first layer ${row[0].toPrecision(3)}, at the last convolution ` +
      `${row[data.last].toPrecision(3)}, loss ${twin.loss[place].toFixed(3)}, ` +
      `${(100 * twin.accuracy[place]).toFixed(0)} % right`;
  }).join('; ');
  slider.setAttribute('aria-valuetext', said.textContent);
}
slider.addEventListener('input', show);
$('relative').addEventListener('change', show);
show();
// The keys move the slider from anywhere on the page.
document.addEventListener('keydown', event => {
  const by = {ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1}[event.key];
  if (!by || event.altKey || event.ctrlKey || event.metaKey || !said.offsetParent) return;
  if (event.target.closest('input[type=range], select')) return;
  slider.value = Number(slider.value) + by;
  show();
  event.preventDefault();
});

"""The frame of a page: one file, light and dark, wide and narrow, on the screen and on paper."""

from html import escape
from typing import NamedTuple

# Nothing may be fetched, whatever stands in the page.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

STYLE = """
:root { color-scheme: light dark; --ink: #1c1f24; --soft: #5c6470; --paper: #ffffff; --line: #d4d9e0; --wash: #f3f5f8;
  --blue: #0067b8; --orange: #b35c00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --soft: #a3adba; --paper: #14171c; --line: #3a414c;
  --wash: #1d222a; --blue: #6db8ff; --orange: #ffb061; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem 1.25rem 3rem; background: var(--paper); color: var(--ink);
  font: 1.05rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.5rem 0; } h2 { font-size: 1.25rem; margin: 2rem 0 0.5rem; }
p { max-width: 46rem; } .soft { color: var(--soft); } code, .mono { font-family: ui-monospace, monospace; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } .scroll { overflow-x: auto; }
td, th { padding: 0.15rem 0.7rem 0.15rem 0; text-align: right; } td:first-child, th:first-child { text-align: left; }
th { color: var(--soft); font-weight: 500; }
button { font: inherit; color: inherit; background: var(--wash); border: 1px solid var(--line); border-radius: 0.4rem;
  padding: 0.3rem 0.8rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
details { border-left: 2px solid var(--line); padding-left: 0.8rem; margin: 0.15rem 0; }
summary { cursor: pointer; padding: 0.15rem 0; } summary .mono { overflow-wrap: anywhere; }
summary .facts { color: var(--soft); font-size: 0.9em; display: block; }
figure { display: inline-block; margin: 0.4rem 1rem 0.4rem 0; vertical-align: top; max-width: 100%; }
figcaption { color: var(--soft); font-size: 0.85rem; }
img { image-rendering: pixelated; max-width: 100%; border: 1px solid var(--line); }
svg { max-width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 12px; }
svg .axis { stroke: var(--line); } svg .curve { fill: none; stroke: var(--blue); stroke-width: 2; }
svg .dot { fill: var(--blue); } svg .bar { fill: var(--blue); }
@media (max-width: 30rem) { svg.chart text { font-size: 22px; } }
pre { white-space: pre; font-size: 0.9rem; line-height: 1.4; }
nav { display: flex; flex-wrap: wrap; gap: 0.5rem; } nav a { color: inherit; text-decoration: none;
  padding: 0.3rem 0.8rem; border-bottom: 3px solid var(--line); } nav a[aria-current] { border-color: var(--blue); }
section[hidden] { display: none; }
@media print { button, nav, noscript { display: none; } body { max-width: none; padding: 0; }
  section[hidden] { display: block; } section + section { break-before: page; } figure, svg { break-inside: avoid; }
  td, svg { print-color-adjust: exact; } }
"""

# Show the part that the address names, or the first one.
CHOOSE = """
const parts = [...document.querySelectorAll('main > section')], links = [...document.querySelectorAll('nav a')];
function choose() {
  const place = Math.max(0, parts.findIndex(part => '#' + part.id === location.hash));
  parts.forEach((part, n) => { part.hidden = n !== place; });
  links.forEach(link => link.removeAttribute('aria-current'));
  links[place].setAttribute('aria-current', 'page');
}
addEventListener('hashchange', () => { choose(); scrollTo(0, 0); });
choose();
"""


class Part(NamedTuple):
    """A part of a page.

    Attributes:
        title: plain text.
        body: HTML.
        script: JavaScript, run at the end, with names of its own.
    """

    title: str
    body: str
    script: str = ''


def page(title: str, *parts: Part) -> str:
    """Return a whole page. Of several parts one is shown at a time, and all are printed.

    >>> page('<x>', Part('', '<p>y</p>')).count('<p>y</p>'), '&lt;x&gt;' in page('<x>', Part('', ''))
    (1, True)
    """
    sections = ''.join(f'<section id="part-{n}">\n{part.body}\n</section>\n' for n, part in enumerate(parts, 1))
    scripts = ''.join(f'<script>(() => {{\n{part.script}\n}})();</script>\n' for part in parts if part.script)
    if len(parts) > 1:
        links = (f'<a href="#part-{n}">{n}. {escape(part.title)}</a>' for n, part in enumerate(parts, 1))
        sections = f'<nav>{" ".join(links)}</nav>\n{sections}'
        scripts += f'<script>(() => {{{CHOOSE}}})();</script>\n'
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f'<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{sections}</main>\n'
        f'{scripts}</body>\n</html>\n'
    )

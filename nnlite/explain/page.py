"""The frame of a page: one file, light and dark, wide and narrow, on the screen and on paper."""

import json
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

# Nothing may be fetched, whatever stands in the page.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

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


def part_of(name: str, title: str, data: Any, **blanks: str) -> Part:
    """Return the part whose HTML and script stand beside this file.

    Args:
        name: of NAME.html and NAME.js.
        title: plain text.
        data: what JSON can hold; the script finds it as `data`.
        blanks: the HTML that takes the place of <!-- KEY -->.
    """
    body, script = (
        (Path(__file__).parent / f'{name}.{suffix}').read_text(encoding='utf-8') for suffix in ('html', 'js')
    )
    for key, value in blanks.items():
        body = body.replace(f'<!-- {key} -->', value)
    text = json.dumps(data).replace('<', '\\u003c')  # no name in it may end the script
    return Part(title, body, f'const data = {text};\n{script}')


def page(title: str, *parts: Part) -> str:
    """Return a whole page. Of several parts one is shown at a time, and all are printed.

    >>> page('<x>', Part('', '<p>y</p>')).count('<p>y</p>'), '&lt;x&gt;' in page('<x>', Part('', ''))
    (1, True)
    """
    style = (Path(__file__).parent / 'page.css').read_text(encoding='utf-8')
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
        f'<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n{sections}</main>\n'
        f'{scripts}</body>\n</html>\n'
    )

"""The site as its reader gets it: built without a warning, whole, and without a network."""

import html
import inspect
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from nnlite import nn, optim

for package in ('mkdocs', 'material', 'mkdocstrings', 'griffe'):
    pytest.importorskip(package, reason='the site is made with mkdocs: pip install nnlite[docs]')

ROOT = Path(__file__).parents[2]
BROWSER = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
OPTIONS = [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--no-first-run', '--virtual-time-budget=10000', '--dump-dom',
]  # fmt: skip


class Page(HTMLParser):
    """What a page links to (`links`), what it loads (`loads`), and where in it links may lead (`places`)."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.places = [], [], {''}
        self.text = path.read_text(encoding='utf-8')
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.places.add(attrs.get('id'))
        if tag == 'a' and 'href' in attrs:
            self.links.append(attrs['href'])
        elif tag == 'link':
            self.loads.append(attrs['href'])
        for name in ('src', 'data', 'poster', 'xlink:href'):
            if name in attrs and tag != 'a':
                self.loads.append(attrs[name])
        self.loads += [part.split()[0] for part in attrs.get('srcset', '').split(',') if part.strip()]


@pytest.fixture(scope='session')
def site(tmp_path_factory):
    """Build the site as `make docs` does; return its folder."""
    folder = tmp_path_factory.mktemp('site')
    command = [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', str(folder)]
    env = {**os.environ, 'NO_MKDOCS_2_WARNING': '1'}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert 'WARNING' not in done.stderr
    return folder


@pytest.fixture(scope='session')
def pages(site):
    return {path: Page(path) for path in sorted(site.rglob('*.html'))}


def test_nothing_is_loaded_from_the_network(site, pages):
    assert len(pages) > 20
    for path, page in pages.items():
        for load in page.loads:
            parts = urlsplit(load)
            assert parts.scheme in ('', 'data') and not parts.netloc, f'{path.name} loads {load}'
    for path in site.rglob('*.css'):
        for load in re.findall(r'(?:url\(|@import)\s*["\']?([^"\')\s]+)', path.read_text(encoding='utf-8')):
            assert not re.match(r'(https?:)?//', load), f'{path.name} loads {load}'


def test_links_and_anchors_lead_somewhere(site, pages):
    inner = 0
    for path, page in pages.items():
        for link in {*page.links, *(load for load in page.loads if not load.startswith('data:'))}:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or path.name == '404.html':  # that one stands for a server's any path
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), f'{path.name}: {link}'
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].places, f'{path.name}: {link}'
            inner += 1
    assert inner > 1000


def test_every_page_of_docs_is_in_the_navigation(site, pages):
    home = pages[site / 'index.html']
    written = [path.relative_to(ROOT / 'docs') for path in (ROOT / 'docs').rglob('*.md')]
    assert len(written) >= 4
    for path in written:
        assert path.with_suffix('.html').as_posix() in home.links, f'{path} is to be in mkdocs.yml'


def entries(pages):
    """Return what stands on the pages of the reference under each name, as text without any space."""
    found = {}
    for path, page in pages.items():
        if path.parent.name == 'reference':
            name, *rest = re.split(r'<h[23] id="(\w+\.\w+)">', page.text)
            for name, part in zip(rest[::2], rest[1::2], strict=True):
                assert name not in found, f'{name} is on two pages'
                found[name] = re.sub(r'\s', '', html.unescape(re.sub(r'<[^>]+>', '', part)))
    return found


def test_every_class_and_optimizer_is_shown_with_its_example(pages):
    found = entries(pages)
    for package, module in (('nn', nn), ('optim', optim)):
        for name in module.__all__:
            doc = inspect.cleandoc(getattr(module, name).__doc__)
            shown = found[f'{package}.{name}']
            example = re.search(r'^>>> .*?(?=\n\n|\Z)', doc, re.MULTILINE | re.DOTALL)[0]
            source = re.search(r'^Source: .*', doc, re.MULTILINE)[0]
            for text in (doc.partition('\n')[0], example, source):
                text = re.sub(r'\s+|`|#doctest:.*', '', text)
                assert text in shown, f'{package}.{name}: {text}'


@pytest.mark.skipif(BROWSER is None, reason='there is no Chromium: apt-get install chromium')
@pytest.mark.parametrize('words', ['SpatialConvolution', 'spatial convolution'])
def test_a_page_from_a_folder_finds_layers_and_asks_no_server(site, tmp_path, words):
    """Type into the search, as a reader does; what is found is written into the page."""
    script = f"""
        const box = document.querySelector('input[name=query]');
        const look = () => {{
          const links = [...document.querySelectorAll('.md-search-result__link')];
          if (!links.length) return setTimeout(look, 50);
          const hits = links.map((link) => link.getAttribute('href'));
          const asked = performance.getEntriesByType('resource').map((entry) => entry.name);  // but files
          document.body.innerHTML = `<p id="hits">${{hits.join(' ')}}</p><p id="asked">${{asked.join(' ')}}</p>`;
        }};
        document.querySelector('#__search').click();
        box.focus();
        box.value = '{words}';
        box.dispatchEvent(new KeyboardEvent('keyup', {{ bubbles: true }}));
        look();"""
    shutil.copytree(site, tmp_path / 'site')
    page = tmp_path / 'site' / 'gpu.html'
    page.write_text(page.read_text(encoding='utf-8').replace('</body>', f'<script>{script}</script></body>'))
    command = [BROWSER, *OPTIONS, f'--user-data-dir={tmp_path / "profile"}', page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    hits, asked = (html.unescape(re.search(f'<p id="{name}">(.*?)</p>', done.stdout)[1]) for name in ('hits', 'asked'))
    assert not asked
    assert any(re.search(r'reference/spatial\.html(\?.*)?#nn\.SpatialConvolution$', hit) for hit in hits.split()), hits

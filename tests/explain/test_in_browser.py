"""The pages in a real browser: their scripts run without an error, and show the numbers that were computed."""

import re
import shutil
import subprocess

import pytest

from nnlite import explain, models

BROWSER = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
OPTIONS = [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--no-first-run', '--enable-logging=stderr', '--virtual-time-budget=3000', '--dump-dom',
]  # fmt: skip

pytestmark = pytest.mark.skipif(BROWSER is None, reason='there is no Chromium: apt-get install chromium')


def shown(tmp_path, text, script='', *options):
    """Return what a page has become in the browser, after a script of the test's; fail if it says an error."""
    path = tmp_path / 'page.html'
    path.write_text(text.replace('</body>', f'<script>{script}</script></body>'), encoding='utf-8')
    profile = f'--user-data-dir={tmp_path / "profile"}'
    command = [BROWSER, *OPTIONS, *options, profile, path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    said = [line for line in done.stderr.splitlines() if 'CONSOLE' in line]
    assert not said, said
    return done.stdout


@pytest.fixture(scope='module')
def pair():
    return explain.record_pair(depth=8, steps=4, every=2, batch=10)


@pytest.mark.parametrize('place', [0, 2])
def test_the_slider_shows_the_step(tmp_path, pair, place):
    move = f"const s = document.getElementById('step'); s.value = {place}; s.dispatchEvent(new Event('input'));"
    found = shown(tmp_path, explain.explain_pair(pair), move)
    said = re.search(r'<p id="said"[^>]*>(.*?)</p>', found)[1]
    assert said.startswith(f'step {pair["twins"][0]["steps"][place]}: ResNet: ')
    for twin in pair['twins']:
        assert f'loss {twin["loss"][place]:.3f}, {100 * twin["accuracy"][place]:.0f} % right' in said
    depth = found[found.index('<svg id="depth"') : found.index('</svg>')]
    curves = re.findall(r'points="([^"]*)"', depth)
    assert len(curves) == 2 and all(len(curve.split()) == len(pair['layers']) for curve in curves)


def test_all_unfolds_and_folds(tmp_path):
    net = models.resnet(8, 'cifar10', widths=(2, 2, 2)).evaluate()
    import nnlite

    text = explain.explain_model(net, nnlite.randn(1, 3, 8, 8), 'a model')
    count = text.count('<details')
    found = shown(tmp_path, text, "document.getElementById('unfold').click()")
    assert found.count('<details open') == count
    found = shown(tmp_path, text, "document.getElementById('unfold').click(); document.getElementById('fold').click()")
    assert '<details open' not in found


def test_nothing_is_wider_than_a_phone(tmp_path, pair):
    wide = "document.title = document.documentElement.scrollWidth + ' of ' + window.innerWidth"
    net = models.resnet(8, 'cifar10', widths=(2, 2, 2)).evaluate()
    import nnlite

    for text in (explain.explain_pair(pair), explain.explain_model(net, nnlite.randn(1, 3, 8, 8), 'a model')):
        text = text.replace('<details>', '<details open>')
        found = shown(tmp_path, text, wide, '--window-size=500,900')
        width, window = map(int, re.search(r'<title>(\d+) of (\d+)</title>', found).groups())
        assert width <= window

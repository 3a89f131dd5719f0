"""The pages in a real browser: no error, nothing fetched, by keys, mouse and touch, the numbers that were computed."""

import re
import shutil

import numpy as np
import pytest

import nnlite
from nnlite import explain, models

playwright = pytest.importorskip('playwright.sync_api', reason='pip install playwright drives the browser')
BROWSER = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
OPTIONS = [
    '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--no-first-run',
]  # fmt: skip

pytestmark = pytest.mark.skipif(BROWSER is None, reason='there is no Chromium: apt-get install chromium')


@pytest.fixture(scope='module')
def browser():
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        yield started
        started.close()


@pytest.fixture
def shown(browser, tmp_path):
    """Give a function that opens a page; at the end none may have said an error or asked for anything."""
    complaints, contexts = [], []

    def show(text, width=1000, height=900, **settings):
        path = tmp_path / f'page{len(contexts)}.html'
        path.write_text(text, encoding='utf-8')
        contexts.append(browser.new_context(viewport={'width': width, 'height': height}, offline=True, **settings))
        page = contexts[-1].new_page()
        page.set_default_timeout(20_000)
        page.on('console', lambda message: complaints.append(message.text))
        page.on('pageerror', lambda error: complaints.append(str(error)))
        page.on('request', lambda r: r.url.startswith(('data:', path.as_uri())) or complaints.append(r.url))
        page.goto(path.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture(scope='module')
def block():
    return explain.record_block()


@pytest.fixture(scope='module')
def pair():
    return explain.record_pair(depth=8, steps=4, every=2, batch=10)


@pytest.fixture(scope='module')
def lesson(block, pair):
    return explain.explain_lesson(block, pair)


@pytest.fixture(scope='module')
def model():
    nnlite.manualSeed(1)
    net = models.resnet(8, 'cifar10', widths=(2, 2, 2)).evaluate()
    return explain.explain_model(net, nnlite.randn(1, 3, 8, 8), 'a model')


# Point at every element of the result, and return what the arithmetic comes to.
POINT_AT_ALL = """() => [...document.querySelectorAll('#arrays td[tabindex]')].map(cell => {
  cell.dispatchEvent(new PointerEvent('pointerover', {bubbles: true}));
  return Number(document.getElementById('arithmetic').dataset.value);
})"""


def set_to(page, seed, depth, norms, weight):
    page.select_option('#seed', index=seed)
    page.select_option('#blocks', index=depth)
    page.set_checked('#use-norms', bool(norms))
    page.fill('#weight', str(weight))
    page.locator('h1:visible').click()  # the keys are the page's again


@pytest.mark.parametrize('setting', [(0, 0, 1, 4), (1, 3, 1, 0), (2, 2, 0, 2), (0, 1, 0, 4)], ids=str)
def test_every_step_comes_to_what_was_computed(shown, block, lesson, setting):
    page = shown(lesson)
    set_to(page, *setting)
    seed, depth, norms, weight = setting
    frame = block['frames'][seed][depth][norms][weight]
    steps = [step for step in block['steps'] if norms or not step['norms']]
    for number, step in enumerate(steps, 1):
        assert page.text_content('#title') == f'{number} of {len(steps)}. {step["title"]}'
        assert page.text_content('#code') == step['code']
        assert page.locator('#drawing .on, #drawing .back').get_attribute('data-node') == step['node']
        expected = np.array(frame[step['to']]).reshape(-1)
        found = page.evaluate(POINT_AT_ALL)
        assert found == pytest.approx(expected, abs=2e-6 * max(1, np.abs(expected).max()))
        cells = page.locator('#arrays td[tabindex]').all_text_contents()
        numbers = [float(text.replace('\u2212', '-')) for text in cells]
        assert numbers == pytest.approx(expected, abs=0.017 * np.abs(expected).max() + 1e-12)
        page.keyboard.press('ArrowRight')
    assert page.text_content('#title').startswith(f'{len(steps)} of')  # there is nothing behind the last
    for _ in steps:
        page.keyboard.press('ArrowLeft')
    assert page.text_content('#title').startswith('1 of') and page.is_disabled('#previous')


def test_the_settings_by_keys(shown, block, lesson):
    page = shown(lesson)

    def norms_of(*setting):
        frame = block['frames'][setting[0]][setting[1]][setting[2]][setting[3]]
        return [float(f'{np.linalg.norm(frame[name]):.3g}') for name in ('gy', 'gbranch', 'gshort', 'gx')]

    def shown_norms():
        return [float(number) for number in re.findall(r'\d+\.\d+(?:e-?\d+)?', page.text_content('#norms'))]

    assert shown_norms() == pytest.approx(norms_of(0, 0, 1, 4), rel=0.006)
    page.focus('#weight')
    for weight in (3, 2, 1, 0):
        page.keyboard.press('ArrowLeft')
        assert page.text_content('#weight-said') == f'{block["weights"][weight]:.2f}'
        if weight:
            assert shown_norms() == pytest.approx(norms_of(0, 0, 1, weight), rel=0.006)
    assert page.text_content('#title').startswith('1 of')  # the slider's keys are its own
    page.keyboard.press('End')
    page.focus('#use-norms')
    page.keyboard.press('Space')
    page.focus('#blocks')
    page.keyboard.press('8')
    assert shown_norms() == pytest.approx(norms_of(0, 3, 0, 4), rel=0.006)
    curves = page.locator('#way-back polyline').evaluate_all('all => all.map(p => p.points.length)')
    assert curves == [9, 9]


def test_an_element_by_keys_and_by_touch(shown, lesson):
    page = shown(lesson, has_touch=True)
    page.keyboard.press('ArrowRight')
    page.focus('#arrays td.chosen')
    page.keyboard.press('ArrowDown')
    page.keyboard.press('ArrowRight')
    assert page.text_content('#arithmetic').startswith('row 3, column 3:')
    assert page.text_content('#arithmetic').count('\u00b7') == 9
    assert page.locator('#arrays td.read').count() == 9
    assert page.text_content('#title').startswith('2 of')
    page.locator('#arrays td[tabindex]').first.tap()
    assert page.text_content('#arithmetic').startswith('row 1, column 1:')
    assert page.text_content('#arithmetic').count('\u00b7') == 4
    page.tap('#next')
    assert page.text_content('#title').startswith('3 of')


def test_a_click_leaves_the_keys_to_the_steps(shown, lesson):
    page = shown(lesson)
    page.locator('#arrays td[tabindex]').nth(8).click()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('PageDown')
    assert page.text_content('#title').startswith('3 of')
    page.focus('#arrays td.chosen')
    page.keyboard.press('Escape')
    page.keyboard.press('PageUp')
    assert page.text_content('#title').startswith('2 of')


def test_a_projector_shows_it_without_scrolling(shown, lesson):
    page = shown(lesson, 1280, 720)
    for _ in range(18):
        for part in ('#drawing', '#code', '#arrays', '#arithmetic', '#controls', '#norms'):
            box = page.locator(part).bounding_box()
            assert box['y'] >= 0 and box['y'] + box['height'] <= 720, (page.text_content('#title'), part)
        page.keyboard.press('ArrowRight')
    page.goto(page.url + '#part-2')
    page.wait_for_selector('#depth', state='visible')
    for part in ('#step', '#depth', '#loss', '#accuracy'):
        box = page.locator(part).bounding_box()
        assert box['y'] >= 0 and box['y'] + box['height'] <= 720, part


def test_one_part_at_a_time(shown, pair, lesson):
    page = shown(lesson)
    assert page.is_visible('#drawing') and not page.is_visible('#depth')
    page.get_by_role('link', name='The deep pair').click()
    page.wait_for_selector('#depth', state='visible')
    assert not page.is_visible('#drawing')
    page.keyboard.press('ArrowRight')
    assert page.text_content('#said').startswith(f'step {pair["twins"][0]["steps"][1]}:')
    page.get_by_role('link', name='The block').click()
    page.wait_for_selector('#drawing', state='visible')
    assert page.text_content('#title').startswith('1 of')  # that key was not for this one


@pytest.mark.parametrize('place', [0, 1, 2])
def test_the_slider_shows_the_step(shown, pair, place):
    page = shown(explain.explain_pair(pair))
    page.focus('#step')
    for _ in range(place):
        page.keyboard.press('ArrowRight')
    said = page.text_content('#said')
    assert said.startswith(f'step {pair["twins"][0]["steps"][place]}: ResNet: ')
    for twin in pair['twins']:
        assert f'loss {twin["loss"][place]:.3f}, {100 * twin["accuracy"][place]:.0f} % right' in said
    for relative in (True, False):
        page.set_checked('#relative', relative)
        shares = heights(page, '#depth')
        norms = np.array([twin['norms'][place] for twin in pair['twins']])
        expected = np.log10(norms / norms[:, pair['last'], None] if relative else norms)
        assert np.corrcoef(shares.ravel(), expected.ravel())[0, 1] == pytest.approx(1, abs=1e-5)
    for chart, name in (('#loss', 'loss'), ('#accuracy', 'accuracy')):
        expected = np.array([twin[name] for twin in pair['twins']])
        assert np.corrcoef(heights(page, chart).ravel(), expected.ravel())[0, 1] == pytest.approx(1, abs=1e-4)


def heights(page, chart):
    """Return how high each point of a chart's curves is, from its lower edge."""
    lines = page.locator(f'{chart} polyline').evaluate_all('all => all.map(p => [...p.points].map(point => -point.y))')
    return np.array(lines)


def test_a_model_folds_and_unfolds(shown, model):
    page = shown(model)
    count = page.locator('details').count()
    page.click('#unfold')
    assert page.locator('details[open]').count() == count
    page.click('#fold')
    assert page.locator('details[open]').count() == 0
    page.focus('summary >> nth=0')
    page.keyboard.press('Enter')
    assert page.locator('details[open]').count() == 1


# The words of charts that stick out of them.
CUT_OFF = """() => [...document.querySelectorAll('svg.chart')].filter(svg => svg.checkVisibility()).flatMap(svg => {
  const whole = svg.getBoundingClientRect(), sticksOut = ({left, right, bottom}) =>
    left < whole.left - 1 || right > whole.right + 1 || bottom > whole.bottom + 1;
  return [...svg.querySelectorAll('text')].filter(text => sticksOut(text.getBoundingClientRect()))
    .map(text => text.textContent);
})"""


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [360, 1920])
def test_nothing_is_wider_than_the_screen(shown, lesson, model, width, scheme):
    overflow = 'document.documentElement.scrollWidth - window.innerWidth'
    page = shown(lesson, width, color_scheme=scheme)
    page.click('#where')
    for _ in range(18):
        assert page.evaluate(overflow) <= 0
        lit = page.locator('#drawing .on, #drawing .back').bounding_box()
        assert lit['width'] > width or 0 <= lit['x'] <= width - lit['width']
        page.keyboard.press('ArrowRight')
    assert page.evaluate(CUT_OFF) == []
    page.goto(page.url + '#part-2')
    page.wait_for_selector('#depth', state='visible')
    assert page.evaluate(overflow) <= 0 and page.evaluate(CUT_OFF) == []
    page = shown(model, width, color_scheme=scheme)
    page.click('#unfold')
    assert page.evaluate(overflow) <= 0 and page.evaluate(CUT_OFF) == []
    ink, paper = page.evaluate('(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))')
    assert (sum(map(int, re.findall(r'\d+', ink))) > sum(map(int, re.findall(r'\d+', paper)))) == (scheme == 'dark')


def test_on_paper_it_is_a_handout(shown, block, lesson):
    page = shown(lesson, color_scheme='dark')
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media='print', color_scheme='dark')
    titles = page.locator('#handout h3').all_text_contents()
    assert titles == [f'{number}. {step["title"]}' for number, step in enumerate(block['steps'], 1)]
    assert page.is_visible('#drawing') and page.is_visible('#depth') and not page.is_visible('#next')
    assert page.evaluate('getComputedStyle(document.body).backgroundColor') == 'rgb(255, 255, 255)'
    assert 5 <= page.pdf(format='A4').count(b'/Type /Page\n') <= 14
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not page.locator('#handout h3').count()

"""The pages: everything of the network is on them, as it was computed, and nothing is fetched from anywhere."""

import base64
import io
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nnlite
from nnlite import explain, models, nn, trace
from nnlite.explain.chart import histogram, line_chart
from nnlite.explain.planes import picture_of
from nnlite.explain.steps import STEPS
from nnlite.nn.graph import Node


class Page(HTMLParser):
    """The tags of a page, whether they are closed in order, and its text."""

    VOID = {'meta', 'link', 'img', 'br', 'input'}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text, self.addresses = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ('src', 'href')]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope='module')
def model_page():
    nnlite.manualSeed(1)
    net = models.resnet(8, 'cifar10', widths=(4, 6, 8)).evaluate()
    images = nnlite.randn(1, 3, 16, 16)
    names = [f'<b>class</b> & {number}' for number in range(10)]
    return net, images, explain.explain_model(net, images, 'A <title> & more', names)


def test_every_module_is_on_the_page(model_page):
    net, _, text = model_page
    page = Page(text)
    seen = ''.join(page.text)
    nodes = trace.tree_of(net)
    assert page.tags.count('details') == len(nodes)
    for node in nodes:
        assert f'{node.short} {node.name}'.strip() in seen
    assert f'{sum(node.parameters for node in nodes):,} parameters' in seen


def test_the_numbers_are_the_traces(model_page):
    net, images, text = model_page
    frame = trace.record(net, nn.CrossEntropyCriterion(), images, [1], arrays=True)
    label = int(frame.arrays['output', 0].argmax()) + 1
    frame = trace.record(net, nn.CrossEntropyCriterion(), images, [label])
    assert f'loss {frame.loss:.4f}' in text
    for quantity in ('output', 'gradOutput'):
        for number, node in enumerate(frame.nodes):
            if node.kind == 'SpatialConvolution':
                assert f'<td>{frame.statistics[quantity][number].norm:.3g}</td>' in text
    nodes, norms = trace.gradient_norms(frame.trace(), 'gradOutput')
    for node, norm in zip(nodes, norms[0], strict=True):
        assert f'{node.name.replace(">", "&gt;")}: {norm:.3g}</title>' in text


def test_names_are_text_and_nothing_is_fetched(model_page):
    _, _, text = model_page
    page = Page(text)
    assert '<b>class' not in text and 'A <title> & more' in ''.join(page.text)
    assert all(address.startswith('data:') for address in page.addresses) and page.addresses
    assert "default-src 'none'" in text and 'http://' not in re.sub('http://www.w3.org/2000/svg', '', text)


def test_other_inputs():
    nnlite.manualSeed(1)
    net = nn.Sequential().add(nn.Linear(5, 4)).add(nn.Tanh()).add(nn.Linear(4, 3))
    text = explain.explain_model(net, nnlite.randn(1, 5), 'vectors', label=2)
    assert 'class 2 (the gradient is for this one)' in text and '<img' not in text


def shown(text):
    """Return the rows of a page's tables, without tags."""
    rows = re.findall(r'<tr>(.*?)</tr>', text)
    return [[unescape(cell) for cell in re.findall(r'<t[dh]>(.*?)</t[dh]>', row)] for row in rows]


def linear(*last, scores=3):
    nnlite.manualSeed(1)
    net = nn.Sequential().add(nn.Linear(5, scores))
    for layer in last:
        net.add(layer)
    return net.evaluate(), nnlite.randn(1, 5)


def in_a_graph(net):
    x = Node()
    hidden = x
    for layer in net:
        hidden = Node(layer, hidden)
    return nn.gModule([x], [hidden]).evaluate()


@pytest.mark.parametrize('last', [None, nn.SoftMax, nn.LogSoftMax])
@pytest.mark.parametrize('graph', [False, True])
def test_probabilities_are_those_of_the_last_layer(last, graph):
    plain, x = linear()
    scores = plain.forward(x)[0].astype(np.float64)
    expected = np.exp(scores) / np.exp(scores).sum()
    net, _ = linear(*([] if last is None else [last()]))
    text = explain.explain_model(in_a_graph(net) if graph else net, x, 'net', label=2)
    found = {row[0][:7]: row[-1] for row in shown(text)[1:4]}
    assert found == {f'class {place + 1}': f'{expected[place]:.1%}' for place in range(3)}
    assert f'loss {-np.log(expected[1]):.4f}' in text
    # The gradient at the scores of -log p_2 is p - (0, 1, 0).
    norm = np.linalg.norm(expected - [0, 1, 0])
    assert f'<tr><td>gradient at the output</td><td>{norm:.3g}</td>' in text.partition('<b>Linear')[2]


def test_outputs_that_are_no_scores():
    net, x = linear(nn.Sigmoid(), scores=1)
    text = explain.explain_model(net, x, 'one number')
    assert 'no scores of classes' in text and '100.0%' not in text and f'loss {net.forward(x).item():.4f}' in text
    assert '<tr><td>gradient at the output</td><td>1</td>' in text
    table, maps = nn.ConcatTable().add(nn.Identity()).add(nn.Linear(5, 2)), nn.SpatialConvolution(1, 2, 3, 3)
    assert 'a table: 1 x 5, 1 x 2' in explain.explain_model(table, x, 'a table')
    assert '1 x 2 x 4 x 4: no scores' in explain.explain_model(maps, nnlite.randn(1, 1, 6, 6), 'maps')
    sums = explain.explain_model(nn.CAddTable(), [x, x], 'a table goes in')
    assert 'Input: a table: 1 x 5, 1 x 5.' in sums and 'class 5' in sums
    with pytest.raises(nnlite.DataError, match='no class'):
        explain.explain_model(table, x, 'a table', label=1)
    with pytest.raises(nnlite.DataError, match='a class from 1 to 3, got 4'):
        explain.explain_model(*linear(), 'scores', label=4)


@pytest.mark.parametrize('stochastic', [False, True])
def test_layers_that_have_no_way_back_in_evaluation(stochastic):
    """Torch's give an error there; the page shows the slope of what they do: y = (1 - p) x, y = x + mean."""
    nnlite.manualSeed(1)
    layers = [nn.SpatialDropout(0.25, stochastic), nn.VolumetricDropout(0.5, stochastic), nn.WhiteNoise(2)]
    net = nn.Sequential().add(layers[0]).add(nn.Unsqueeze(1)).add(layers[1]).add(layers[2]).double().evaluate()
    text = explain.explain_model(net, np.ones((1, 3, 4, 4)), 'drops')
    outputs, gradients = (
        [row[1] for row in shown(text) if row[0] == name] for name in ('output', 'gradient at the input')
    )
    assert gradients[0] == outputs[3]  # of ones, all that multiplies them
    if not stochastic:
        assert gradients[1:] == [f'{np.sqrt(48) * share:.3g}' for share in (0.75 * 0.5, 0.5, 0.5, 1)]
    assert not any('updateGradInput' in vars(layer) for layer in layers)
    with pytest.raises(nnlite.Error, match='in training only'):
        net.backward(np.ones((1, 3, 4, 4)), np.ones_like(net.forward(np.ones((1, 3, 4, 4)))))


def test_a_table_in_a_table_goes_in():
    inner = nn.ParallelTable().add(nn.CAddTable()).add(nn.Linear(5, 2))
    x = np.ones((1, 2), np.float32)
    text = explain.explain_model(inner, [[x, x], np.ones((1, 5), np.float32)], 'tables')
    assert 'Input: a table: a table: 1 x 2, 1 x 2, 1 x 5.' in text


def test_a_picture_is_shown_in_its_colours_and_plane_by_plane(model_page):
    _, images, text = model_page
    colours, planes = (image_of(address) for address in Page(text).addresses[1:3])
    shares = (images[0] - images.min()) / (images.max() - images.min())
    np.testing.assert_array_equal(colours, (255 * shares).astype(np.uint8).transpose(1, 2, 0))
    assert planes.shape == (16, 3 * 16 + 2, 3)


def image_of(address):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition('base64,')[2]))))


def test_a_score_may_be_of_any_size():
    net, x = linear()
    net.get(1).weight.fill(0)
    net.get(1).bias[...] = [1e25, -1e-9, 123456]
    rows = {row[0][:7]: row[1] for row in shown(explain.explain_model(net, x, 'net'))[1:4]}
    assert rows == {'class 1': '1e+25', 'class 2': '0.000', 'class 3': '123456.000'}


def test_large_maps_are_shown_in_part():
    text = explain.explain_model(nn.SpatialConvolution(1, 2, 3, 3), nnlite.randn(1, 1, 200, 100), 'large')
    assert 'output, 2 of 2 planes, a pixel of 4 x 4<' in text
    sources = [address.partition('base64,')[2] for address in Page(text).addresses if 'base64,' in address]
    sizes = [Image.open(io.BytesIO(base64.b64decode(source))).size for source in sources]
    assert sizes == [(100, 200), (2 * 25 + 1, 50), (2 * 25 + 1, 50)]


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('number', [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_told(number):
    net, x = linear(nn.Tanh(), nn.Linear(3, 3))
    net.get(3).weight.fill(number)
    text = explain.explain_model(net, x, 'broken')
    assert 'not finite' in text and 'nan%' not in text
    assert 'numbers is <span class="mono">Sequential[3] &gt; Linear(3 -&gt; 3)' in text


def test_the_page_says_what_ran(model_page):
    net, images, text = model_page
    assert 'Input: 1 x 3 x 16 x 16. The network runs in evaluation.' in text
    assert '(nn.CrossEntropyCriterion)' in text and 'is -log of the probability of &lt;b&gt;class' in text
    more = explain.explain_model(net.training(), images, 'net', note='drawn <here>')
    assert 'Input: 1 x 3 x 16 x 16, drawn &lt;here&gt;. The network runs in training.' in more
    assert re.search(r'forward [\d.]+ ms, back [\d.]+ ms; 108 parameters', text)
    net.evaluate()


def test_shared_parameters_count_once():
    layer = nn.Linear(5, 5)
    net = nn.Sequential().add(layer).add(nn.Tanh()).add(layer)
    assert '4 modules, 30 parameters' in explain.explain_model(net, nnlite.randn(1, 5), 'net')


def test_a_fork_shows_its_branches_and_their_sum(model_page):
    net, images, text = model_page
    label = int(net.forward(images).argmax()) + 1
    frame = trace.record(net, nn.CrossEntropyCriterion(), images, [label], arrays=True)
    forks = [number for number, node in enumerate(frame.nodes) if node.kind == 'ConcatTable']
    parts = text.split('A fork: ')[1:]
    assert len(parts) == len(forks) == 3
    for fork, part in zip(forks, parts, strict=True):
        assert 'Their sum is the gradient at its input, to the bit.' in part
        norms = [frame.statistics['gradInput'][number].norm for number in (*frame.branches(fork), fork)]
        rows = shown(part)[1:4]
        assert [row[1] for row in rows] == [f'{norm:.3g}' for norm in norms]
        assert rows[0][0] == 'branch 1, Sequential' and rows[2][0] == 'their sum'


def test_the_pair():
    data = explain.record_pair(depth=8, steps=4, every=2, batch=10)
    text = explain.explain_pair(data)
    Page(re.sub('<script>.*</script>', '', text, flags=re.DOTALL))
    assert json.loads(re.search(r'const data = (\{.*?\});\n', text)[1]) == data
    assert [twin['name'] for twin in data['twins']] == ['ResNet', 'plain twin']
    for twin in data['twins']:
        assert twin['steps'] == [0, 2, 4] and np.array(twin['norms']).shape == (3, len(data['layers']))
        assert len(twin['loss']) == len(twin['accuracy']) == 3
    first, second = (twin['norms'] for twin in data['twins'])
    assert first != second


def test_the_pair_says_what_was_recorded():
    twin = {'steps': [0, 4, 8], 'accuracy': [0, 0, 0]}
    resnet = {**twin, 'name': 'ResNet', 'norms': [[9, 1, 5], [2, 0.5, 1], [8, 1, 1]], 'loss': [2, 1, 0.1]}
    falls = {**twin, 'name': 'plain twin', 'norms': [[1234, 1, 5], [1, 4, 1], [1, 9, 1]], 'loss': [2, 1.9, 1.1]}
    data = {'depth': 26, 'layers': ['1', '2', '3'], 'last': 1, 'twins': [resnet, falls]}
    said = ' '.join(explain.explain_pair(data).split())
    assert 'gets 9 times what the last convolution gets in the ResNet, 1200 times in the twin' in said
    assert 'In the ResNet it stays between 4 and 9 times' in said
    assert 'at step 4 its first layer gets 0.25 times' in said and 'from 2.00 to 1.90.' in said
    falls['norms'][1] = [3, 2, 1]
    said = explain.explain_pair(data)
    assert 'falls over' not in said and 'In the twin it stays between 0.11 and 1200 times.' in said


@pytest.fixture(scope='module')
def block():
    return explain.record_block()


def test_the_block(block):
    text = explain.explain_block(block)
    Page(re.sub(r'<(script|style)>.*?</\1>', '', text, flags=re.DOTALL))
    assert json.loads(re.search(r'const data = (\{.*?\});\n', text)[1]) == block
    titles = [step['title'] for step in block['steps']]
    assert len(titles) == 18 and sum(step['back'] for step in block['steps']) == 9
    depths = [[len(frame['norms']) for frame in frames[0]] for frames in block['frames'][0]]
    assert depths == [[depth + 1] * len(block['weights']) for depth in block['depths']]


def test_the_gradient_at_the_fork_is_the_sum(block):
    for frame in (frame for seed in block['frames'] for depth in seed for norms in depth for frame in norms):
        branch, shortcut, both = (np.array(frame[name]) for name in ('gbranch', 'gshort', 'gx'))
        np.testing.assert_allclose(branch + shortcut, both, rtol=0, atol=1e-6 * np.abs(branch).max())
        assert frame['norms'][0] == pytest.approx(np.linalg.norm([both, both]), rel=1e-5)  # the batch is x twice


def test_without_a_shortcut_little_arrives(block):
    weights = block['weights']
    for seed in block['frames']:
        without, half, whole = (seed[-1][0][weights.index(weight)] for weight in (0, 0.5, 1))
        assert not np.array(without['gshort']).any() and np.array(whole['gshort']).any()
        assert 100 * without['norms'][0] < whole['norms'][0] and without['norms'][0] < half['norms'][0]


def test_the_page_says_how_much_arrives(block):
    shares = [seed[-1][False][0]['norms'] for seed in block['frames']]
    assert [norms[-1] / norms[0] for norms in shares] == pytest.approx([10_000, 25, 70], rel=0.03)
    words = ' '.join(explain.explain_block(block).split())
    assert 'with seed 1 to a ten-thousandth, with seeds 2 and 3 to a 25th and a 70th' in words
    assert all(norms[0] > norms[-1] for seed in block['frames'] for norms in [seed[-1][False][-1]['norms']])


def test_the_code_that_a_step_shows_is_there(block):
    root = Path(nnlite.__file__).parents[1]
    for step in block['steps']:
        lines = (root / step['file']).read_text(encoding='utf-8').splitlines()
        count = step['code'].count('\n') + 1
        shown = lines[step['line'] - 1 : step['line'] - 1 + count]
        assert [line.strip() for line in shown] == [line.strip() for line in step['code'].splitlines()]


def test_code_that_is_gone_is_missed():
    step = STEPS[0]._replace(lines=('is not there',))
    with pytest.raises(ValueError, match=r'ConcatTable.updateOutput, found 0 of them'):
        step.code()


def test_the_lesson_has_both(block):
    pair = explain.record_pair(depth=8, steps=0, every=1, batch=10)
    text = explain.explain_lesson(block, pair)
    Page(re.sub(r'<(script|style)>.*?</\1>', '', text, flags=re.DOTALL))
    assert re.findall(r'<section id="(.*?)">', text) == ['part-1', 'part-2']
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) == len(set(names))


def test_in_a_name_nothing_ends_the_script():
    data = explain.record_pair(depth=8, steps=0, every=1, batch=10)
    data['layers'][0] = '</script><script>alert(1)</script>'
    assert explain.explain_pair(data).count('</script>') == 1


def test_pictures_of_planes():
    maps = np.arange(2 * 3 * 4.0).reshape(2, 3, 4)
    kind, _, code = picture_of(maps).partition('base64,')
    assert kind == 'data:image/png;'
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(code))))
    assert pixels.shape == (3, 9, 3) and pixels[0, 0, 0] == 0 and pixels[2, 8, 0] == 255
    maps[:] = [[[np.nan]], [[-1.0]]]
    signed = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture_of(maps, signed=True).partition(',')[2]))))
    assert (signed[0, 0] == 255).all() and tuple(signed[0, 8]) == (179, 92, 0)
    assert picture_of(np.zeros((40, 2, 2))).startswith('data:')


def test_charts_of_nothing():
    assert 'no numbers' in line_chart(np.array([0.0, np.nan]), ['a', 'b'], 'x', 'y')
    assert line_chart(np.array([1.0]), ['<a>'], 'x', 'y').count('&lt;a&gt;') == 1
    assert histogram(np.zeros(4, int), 0, 0).count('<rect') == 4

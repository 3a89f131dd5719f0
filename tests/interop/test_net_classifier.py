"""NetClassifier against scikit-learn's own checks, PyTorch's training, and the network run by hand."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.estimator_checks import parametrize_with_checks

import nnlite
from nnlite import nn
from nnlite.errors import DataError
from nnlite.interop.net_classifier import NetClassifier

NAMES = np.array(['ash', 'beech', 'oak'])


@pytest.fixture(scope='module')
def blobs():
    """70 examples of three classes with names, which a straight line does not tell apart."""
    X, y = make_blobs(70, 4, centers=6, random_state=3)
    return X / 5, NAMES[y % 3]


def network(dtype='torch.DoubleTensor', dropout=0.0):
    nnlite.manualSeed(2)
    net = nn.Sequential().add(nn.Linear(4, 8)).add(nn.Tanh()).add(nn.Dropout(dropout)).add(nn.Linear(8, 3))
    return net.type(dtype)


def learnt(classifier):
    return b''.join(array.tobytes() for _, _, array in classifier.net_.arrays())


# None of the checks is expected to fail.
@parametrize_with_checks([NetClassifier(epochs=40)])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_it_trains_as_pytorch_does(blobs):
    """The same weights at first, the same batches, SGD with Nesterov momentum and weight decay: the same in the end."""
    X, y = blobs
    net = network()
    twin = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)).double()
    weights = net.parameters()[0]
    with torch.no_grad():
        for theirs, ours in zip(twin.parameters(), weights, strict=True):
            theirs.copy_(torch.from_numpy(ours))
    before = [weight.copy() for weight in weights]
    classifier = NetClassifier(
        net, epochs=5, batch=16, learningRate=0.1, momentum=0.8, weightDecay=0.01, random_state=7
    ).fit(X, y)
    generator = check_random_state(7)
    generator.randint(np.iinfo(np.int32).max)  # nnlite's own seed
    sgd = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.8, weight_decay=0.01, nesterov=True)
    inputs, targets = torch.from_numpy(X), torch.from_numpy(np.searchsorted(NAMES, y))
    losses = []
    for _ in range(5):
        order, total = generator.permutation(70), 0.0
        for rows in (order[:18], order[18:36], order[36:53], order[53:]):  # 70 = 4 * 16 + 6
            loss = torch.nn.functional.cross_entropy(twin(inputs[rows]), targets[rows])
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            total += float(loss.detach()) * len(rows) / 70
        losses.append(total)
    assert classifier.loss_curve_ == pytest.approx(losses, rel=1e-12)
    with torch.no_grad():
        for theirs, ours in zip(twin.parameters(), classifier.net_.parameters()[0], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)
        expected = torch.softmax(twin(inputs), 1).numpy()
    np.testing.assert_allclose(classifier.predict_proba(X), expected, rtol=1e-10)
    assert classifier.predict(X).tolist() == NAMES[expected.argmax(1)].tolist()
    # The network that was given is as it was.
    assert all(np.array_equal(now, then) for now, then in zip(net.parameters()[0], before, strict=True))


def test_labels_of_any_kind_come_back(blobs):
    X, y = blobs
    classifier = NetClassifier(random_state=1).fit(X, y)
    assert classifier.classes_.tolist() == NAMES.tolist()
    assert classifier.score(X, y) > 0.95
    value = X
    for module in classifier.net_.modules:
        value = module.forward(value)
    powers = np.exp(value - value.max(1, keepdims=True))
    np.testing.assert_allclose(classifier.predict_proba(X), powers / powers.sum(1, keepdims=True), rtol=1e-12)
    numbers = NetClassifier(random_state=1).fit(X, 10 * np.searchsorted(NAMES, y) - 5)
    assert numbers.classes_.tolist() == [-5, 5, 15]
    assert learnt(numbers) == learnt(classifier)


def test_one_random_state_gives_one_result_and_leaves_no_trace(blobs):
    X, y = blobs
    nnlite.manualSeed(11)
    rng = nnlite.getRNGState()
    given = NetClassifier(network('torch.FloatTensor', dropout=0.5), epochs=3, random_state=4)
    nnlite.setRNGState(rng)
    first = given.fit(X, y)
    assert np.array_equal(nnlite.getRNGState(), rng)
    again = learnt(first)
    assert learnt(clone(given).fit(X, y)) == again  # dropout draws the same
    assert learnt(given.fit(X, y)) == again  # and a second fit begins anew
    assert learnt(clone(given).set_params(random_state=5).fit(X, y)) != again
    assert first.net_.type() == 'torch.FloatTensor' and not first.net_.train
    copy = pickle.loads(pickle.dumps(first))
    assert np.array_equal(copy.predict_proba(X), first.predict_proba(X))


def test_images_and_a_function_that_makes_the_network(blobs):
    """Two kinds of pictures, bright on the left and on the right, told apart by a convolution."""
    images = np.random.default_rng(0).normal(size=(24, 1, 4, 4)).astype(np.float32)
    y = np.arange(24) % 2 == 0
    images[y, :, :, :2] += 3
    asked = []

    def make(features, classes):
        asked.append((features, classes))
        net = nn.Sequential().add(nn.SpatialConvolution(1, 2, 3, 3)).add(nn.ReLU()).add(nn.View(2 * 2 * 2))
        return net.add(nn.Linear(8, classes)).float()

    classifier = NetClassifier(make, epochs=20, batch=8, random_state=0).fit(images, y)
    assert asked == [((1, 4, 4), 2)]
    assert classifier.score(images, y) == 1
    assert classifier.predict(images).dtype == bool


def test_it_goes_into_pipelines_and_searches(blobs):
    X, y = blobs
    X = X * [1, 100, 1e4, 1e6]
    pipe = make_pipeline(StandardScaler(), NetClassifier(network(), epochs=30, batch=8, random_state=0))
    search = GridSearchCV(pipe, {'netclassifier__learningRate': [1e-6, 0.05]}, cv=3).fit(X, y)
    assert search.best_params_ == {'netclassifier__learningRate': 0.05}
    assert search.best_score_ > 0.8


def test_verbose_says_the_losses(blobs, capsys):
    classifier = NetClassifier(epochs=2, random_state=0, verbose=True).fit(*blobs)
    first, second = classifier.loss_curve_
    assert capsys.readouterr().out == f'epoch 1/2  loss {first:.4f}\nepoch 2/2  loss {second:.4f}\n'


def test_the_network_that_is_kept_is_the_classifier(blobs, tmp_path):
    X, y = blobs
    classifier = NetClassifier(random_state=0, epochs=5).fit(X, y)
    nnlite.save(tmp_path / 'net.t7', {'model': classifier.net_, 'classes': classifier.classes_.tolist()})
    content = nnlite.load(tmp_path / 'net.t7')
    assert content['classes'] == NAMES.tolist()
    assert np.array_equal(content['model'].evaluate().forward(X).argmax(1), classifier.predict_proba(X).argmax(1))
    with pytest.raises(DataError, match='examples, 1 or more, got 0'):
        classifier.set_params(batch=0).predict(X)


@pytest.mark.parametrize(
    ('settings', 'said'),
    [
        ({'epochs': 0}, 'expected a whole number of epochs, 1 or more, got 0'),
        ({'epochs': None}, 'expected a whole number of epochs, 1 or more, got None'),
        ({'epochs': '5'}, "1 or more, got '5'"),
        ({'epochs': float('nan')}, '1 or more, got nan'),
        ({'epochs': 5.0}, r'1 or more, got 5\.0'),
        ({'batch': 1.5}, 'expected a whole number of examples, 1 or more'),
        ({'learningRate': 0}, 'expected a learning rate above 0'),
        ({'learningRate': 'a'}, "expected a learning rate above 0, got 'a'"),
        ({'momentum': [0.5]}, r'expected a momentum from 0 to below 1, got \[0\.5\]'),
        ({'momentum': 1}, 'expected a momentum from 0 to below 1'),
        ({'weightDecay': float('nan')}, 'expected a weight decay of 0 or more'),
        ({'net': nn.Linear(4, 2).double()}, r'expected scores \(35, 3\), one for each class, got \(35, 2\)'),
        ({'net': nn.Identity().double()}, r'got \(35, 4\)'),
        ({'net': lambda features, classes: 'net'}, 'expected a network, got str'),
        ({'net': 3}, 'expected a network, got int'),
        ({'learningRate': 1e200}, 'expected a finite loss'),
    ],
)
def test_what_is_wrong_is_one_error(blobs, settings, said):
    with pytest.raises(DataError, match=said):
        NetClassifier(**{'random_state': 0, **settings}).fit(*blobs)


def test_numbers_too_large_for_the_network_are_an_error(blobs):
    X, y = blobs
    huge = np.vstack([X[:3], np.full(4, 1e300)])
    classifier = NetClassifier(network('torch.FloatTensor'), epochs=1, random_state=0)
    with pytest.raises(DataError, match=r'expected numbers that float32 holds, got 1e\+300'):
        classifier.fit(huge, y[:4])
    classifier.fit(X, y)
    with pytest.raises(DataError, match=r'expected numbers that float32 holds, got 1e\+300'):
        classifier.predict(huge)
    net = nn.Sequential().add(nn.Square()).add(network()).double()
    double = NetClassifier(net, epochs=1, random_state=0).fit(X, y)
    with pytest.raises(DataError, match=r'expected finite scores, got NaN or Inf for X\[3\]'):
        double.predict_proba(huge)


@pytest.mark.parametrize(('batch', 'count'), [(32, 65), (32, 1), (1, 3)])
def test_a_batch_of_one_through_a_view_that_drops_its_dimension(batch, count):
    """Torch's nn.View(n) leaves (n) of one example; with setNumInputDims it leaves (1, n)."""
    X = np.random.default_rng(0).standard_normal((max(3, count), 1, 4, 4))
    shares = []
    for view in (nn.View(16), nn.View(16).setNumInputDims(3)):
        nnlite.manualSeed(2)
        net = nn.Sequential().add(view).add(nn.Linear(16, 3)).double()
        classifier = NetClassifier(net, epochs=2, batch=batch, random_state=0).fit(X, np.arange(len(X)) % 3)
        shares.append(classifier.predict_proba(X[:count]))
    assert shares[0].shape == (count, 3)
    np.testing.assert_allclose(*shares, rtol=1e-12)


def test_images_need_a_network():
    with pytest.raises(DataError, match=r'expected examples \(N, D\), got \(N, 1, 4, 4\)'):
        NetClassifier().fit(np.zeros((6, 1, 4, 4)), [0, 1] * 3)


def test_without_scikit_learn_it_says_what_to_install():
    program = 'import sys; sys.modules["sklearn"] = None; import nnlite.interop.net_classifier'
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=300)
    assert 'expected scikit-learn' in done.stderr and 'pip install nnlite[sklearn]' in done.stderr


def test_a_network_on_a_gpu_computes_there(blobs, cupy):
    X, y = blobs
    here, there = (
        NetClassifier(net, epochs=2, random_state=0).fit(X, y)
        for net in (network('torch.FloatTensor'), network('torch.CudaTensor'))
    )
    assert there.net_.type() == 'torch.CudaTensor'
    np.testing.assert_allclose(there.predict_proba(X), here.predict_proba(X), atol=1e-3)
    assert here.loss_curve_ == pytest.approx(there.loss_curve_, abs=1e-3)

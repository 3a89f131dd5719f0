"""A network as one of scikit-learn's classifiers."""

import math
from collections.abc import Callable, Iterator
from numbers import Integral, Real
from typing import Any, Self

import numpy as np

import nnlite
from nnlite import nn, optim
from nnlite.errors import DataError, Error
from nnlite.nn.by_example import by_example
from nnlite.tensor.devices import to_host

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ModuleNotFoundError as error:
    if (error.name or '').partition('.')[0] != 'sklearn':
        raise
    hint = 'pip install nnlite[sklearn]'
    raise Error(
        'expected scikit-learn 1.6 or later, got none', where='nnlite.interop.NetClassifier', hint=hint
    ) from error

HIDDEN = 64  # units of the network that is made where none is given
# Of each setting: its kind, whether a value is in range, and what is told if it is not.
_SETTINGS: dict[str, tuple[Any, Callable[[Any], bool], str]] = {
    'epochs': (Integral, lambda value: value >= 1, 'a whole number of epochs, 1 or more'),
    'batch': (Integral, lambda value: value >= 1, 'a whole number of examples, 1 or more'),
    'learningRate': (Real, lambda value: value > 0, 'a learning rate above 0'),
    'momentum': (Real, lambda value: 0 <= value < 1, 'a momentum from 0 to below 1'),
    'weightDecay': (Real, lambda value: value >= 0, 'a weight decay of 0 or more'),
}


class NetClassifier(ClassifierMixin, BaseEstimator):
    """Trains a network to tell classes apart, and behaves as any classifier of scikit-learn's.

    The loss is CrossEntropyCriterion's, averaged over a batch; the steps are optim.sgd's with Nesterov momentum. Each
    epoch goes through the examples once, in an order of its own, in steps of `batch` to 2 batch - 1 examples: what
    remains is spread over the steps, so that batch normalization never sees a few alone.

    Args:
        net: an nn.Module from examples to scores (N, classes), without a softmax. `fit` trains a copy, which begins
            with the weights that it has. Or a function that makes such a module, called with (features, classes) at
            each fit: features is D for examples (N, D), else the shape of one, such as (3, 32, 32). None is a
            perceptron in float64: BatchNormalization, Linear to 64, ReLU, Linear.
        epochs: how often the examples are gone through.
        batch: examples in a step.
        learningRate, momentum, weightDecay: of SGD.
        random_state: an int, a numpy.random.RandomState or None, as everywhere in scikit-learn; it decides the order,
            the weights of a network that is made, and dropout. The generator of nnlite goes on as if nothing had been.
        verbose: whether to print the loss of each epoch.

    Attributes:
        classes_: the labels, of any kind, sorted.
        net_: the trained network, in evaluation; `nnlite.save('net.t7', {'model': net_, 'classes': [...]})` keeps it.
        loss_curve_: the mean loss of each epoch, in nats.
        n_features_in_: X.shape[1].

    The network computes where it lives and in its own type, whatever that of X is. Features are not scaled: give them
    much alike, or let sklearn.preprocessing.StandardScaler do it.

    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array(['even', 'odd', 'odd', 'even'])
    >>> NetClassifier(random_state=1).fit(X, y).predict(X)
    array(['even', 'odd', 'odd', 'even'], dtype='<U4')

    Raises:
        DataError: X or y do not fit, a setting is out of range, or a loss is NaN or Inf; DataErrors are ValueErrors.
        Error: as of the network.

    Source: scikit-learn's guide, "Developing scikit-learn estimators".
    """

    def __init__(
        self,
        net: Any = None,
        *,
        epochs: int = 100,
        batch: int = 32,
        learningRate: float = 0.05,
        momentum: float = 0.9,
        weightDecay: float = 1e-4,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.net = net
        self.epochs = epochs
        self.batch = batch
        self.learningRate = learningRate
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> Self:
        """Train on examples X, (N, D) or (N, ...), and their labels y, (N,); return the classifier."""
        self._check_settings()
        X, y = validate_data(self, X, y, allow_nd=True)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(f'expected 2 classes or more, got 1 class: {self.classes_[0]}', where='NetClassifier')
        generator = check_random_state(self.random_state)
        before = nnlite.getRNGState()
        try:
            nnlite.manualSeed(int(generator.randint(np.iinfo(np.int32).max)))
            self.net_ = self._made(X).training()
            self.loss_curve_ = list(self._epochs(X, numbers + 1, generator))
        finally:
            nnlite.setRNGState(before)
        self.net_.evaluate().clearState()
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class of `classes_` for each example, float64 (N, classes)."""
        check_is_fitted(self)
        self._check_settings()
        X = validate_data(self, X, reset=False, allow_nd=True)
        pieces = (X[first : first + self.batch] for first in range(0, len(X), self.batch))
        with np.errstate(over='ignore', invalid='ignore', divide='ignore'):  # what comes of it is looked at here
            scores = np.concatenate([np.array(to_host(self._scores(self._input(X))), np.float64) for X in pieces])
            powers = np.exp(scores - scores.max(1, keepdims=True))
        bad = ~np.isfinite(powers).all(1)
        if bad.any():
            message = f'expected finite scores, got NaN or Inf for X[{bad.argmax()}]'
            raise DataError(message, where=f'NetClassifier > {self.net_._name()}')
        return powers / powers.sum(1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each example."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(1)]

    def _check_settings(self) -> None:
        for name, (kind, is_right, expected) in _SETTINGS.items():
            value = getattr(self, name)
            if not (isinstance(value, kind) and math.isfinite(value) and is_right(value)):
                raise DataError(f'expected {expected}, got {value!r}', where='NetClassifier')

    def _made(self, X: np.ndarray) -> Any:
        """Return the network to be trained, which is nobody else's."""
        features = X.shape[1] if X.ndim == 2 else X.shape[1:]
        if isinstance(self.net, nn.Module):
            return self.net.clone()
        make: Callable[[Any, int], Any] = perceptron if self.net is None else self.net
        net = make(features, len(self.classes_)) if callable(make) else make
        if not isinstance(net, nn.Module):
            hint = 'net is an nn.Module, or a function of (features, classes) that returns one'
            raise DataError(f'expected a network, got {type(net).__name__}', where='NetClassifier', hint=hint)
        return net

    def _epochs(self, X: np.ndarray, labels: np.ndarray, generator: Any) -> Iterator[float]:
        """Train; yield the mean loss of each epoch."""
        net, criterion = self.net_, nn.CrossEntropyCriterion().type(self.net_.type())
        params, gradParams = net.getParameters()
        state = {
            'learningRate': self.learningRate,
            'momentum': self.momentum,
            'dampening': 0,
            'nesterov': self.momentum > 0,
            'weightDecay': self.weightDecay,
        }

        def gradient(input: Any, target: Any) -> tuple[float, Any]:
            net.zeroGradParameters()
            scores = self._scores(input)
            loss = float(criterion.forward(scores, target))
            net.backward(input, criterion.backward(scores, target).reshape(net.output.shape))
            return loss, gradParams

        for epoch in range(1, self.epochs + 1):
            total = 0.0
            for rows in np.array_split(generator.permutation(len(X)), max(1, len(X) // self.batch)):
                batch = self._input(X[rows]), net.xp.asarray(labels[rows])
                with np.errstate(over='ignore', invalid='ignore'):  # what comes of it is looked at here
                    _, (loss,) = optim.sgd(lambda _, batch=batch: gradient(*batch), params, state)
                if not math.isfinite(loss):
                    hint = 'a smaller learningRate may help, or features that are scaled alike'
                    message = f'expected a finite loss, got {loss} in epoch {epoch}'
                    raise DataError(message, where='NetClassifier', hint=hint)
                total += loss * len(rows)
            if self.verbose:
                print(f'epoch {epoch:{len(str(self.epochs))}}/{self.epochs}  loss {total / len(X):.4f}')
            yield total / len(X)

    def _input(self, X: np.ndarray) -> Any:
        """Return examples where the network computes, and in its type."""
        with np.errstate(over='ignore'):
            cast = X.astype(self.net_.dtype)
        bad = ~np.isfinite(cast)  # X itself is finite: scikit-learn has looked
        if bad.any():
            message = f'expected numbers that {cast.dtype} holds, got {X[bad][0]:g}'
            hint = 'features that are scaled, or net.double()'
            raise DataError(message, where=f'NetClassifier > {self.net_._name()}', hint=hint)
        return self.net_.xp.asarray(cast)

    def _scores(self, input: Any) -> Any:
        """Return what the network makes of examples, (N, classes): its own memory, good until the next call."""
        scores = by_example(self.net_.forward(input), len(input))
        expected = (len(input), len(self.classes_))
        if getattr(scores, 'shape', None) != expected:
            got = getattr(scores, 'shape', type(scores).__name__)
            message = f'expected scores {expected}, one for each class, got {got}'
            raise DataError(message, where=f'NetClassifier > {self.net_._name()}')
        return scores


def perceptron(features: int, classes: int) -> Any:
    """Return a network with one hidden layer, in float64, for examples (N, features); the first layer scales them.

    Raises:
        DataError: examples are no vectors.
    """
    if not isinstance(features, int):
        hint = 'a network for them: NetClassifier(net)'
        raise DataError(f'expected examples (N, D), got (N, {str(features)[1:]}', where='NetClassifier', hint=hint)
    net = nn.Sequential().add(nn.BatchNormalization(features)).add(nn.Linear(features, HIDDEN))
    return net.add(nn.ReLU(True)).add(nn.Linear(HIDDEN, classes)).double()

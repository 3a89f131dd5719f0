"""What constructors do with arguments that make no sense: an error of ours, now or at the first forward."""

import inspect
import re
from unittest import mock

import numpy as np
import pytest
from row import CriterionRow
from table import CRITERIONS, MODULES, every
from trees import copied, mapped

import nnlite
from nnlite import nn

WRONG = ('text', 1.5, 0, -1, -7, np.nan, (), [2], {})


def arguments(row):
    """Return the class that a row builds, and the arguments that it gives it, nil for those that it leaves out."""
    made = type(row.make())
    with mock.patch.object(made, '__init__', autospec=True, side_effect=made.__init__) as init:
        row.make()
    _, *given = init.call_args_list[0].args
    named = [p for p in inspect.signature(made).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    return made, given + [None] * (len(named) - len(given))


def run(row, module):
    module.double()
    repr(module)
    if isinstance(row, CriterionRow):
        given = row.given()
        module.forward(*given)
        module.backward(*given)
    else:
        given = copied(row.given())
        output = module.forward(given)
        module.backward(given, mapped(lambda array: np.ones(array.shape, array.dtype), output))


@every(MODULES + CRITERIONS, lambda row: arguments(row)[1])
@pytest.mark.filterwarnings('ignore::RuntimeWarning')
def test_no_argument_ends_in_an_error_of_numpy(row):
    made, given = arguments(row)
    for place, right in enumerate(given):
        for wrong in WRONG:
            try:
                module = made(*given[:place], wrong, *given[place + 1 :])
                if hasattr(module, 'modules') and len(module.modules) < len(getattr(row.make(), 'modules', ())):
                    continue  # what is in it came by `add`
                run(row, module)
            except nnlite.Error as error:
                assert re.search(r'expected.+, got', error.message), error
            else:
                number = isinstance(right, (int, float)) and not isinstance(right, bool)
                assert not (number and isinstance(wrong, str)), f'argument {place + 1} of {made.__name__} is any text'


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: nn.Linear('4', 3), "expected inputSize to be a whole number from 1 up, got '4'"),
        (lambda: nn.Linear(4, 64 / 2), 'expected outputSize to be a whole number from 1 up, got 32.0'),
        (lambda: nn.Linear(0, 3), 'expected inputSize to be a whole number from 1 up, got 0'),
        (lambda: nn.Linear(4, 3, 0), 'expected bias to be True or False, got 0'),
        (lambda: nn.LookupTable(-1, 3), 'expected nIndex to be a whole number from 1 up, got -1'),
        (lambda: nn.SpatialBatchNormalization(3.0), 'expected nOutput to be a whole number from 1 up, got 3.0'),
        (lambda: nn.SpatialBatchNormalization(3, 'eps'), "expected eps to be a number, got 'eps'"),
        (
            lambda: nn.SpatialConvolution(3, True, 3, 3),
            'expected nOutputPlane to be a whole number from 1 up, got True',
        ),
        (lambda: nn.SpatialConvolution(3, 4, 3, 3, [1]), 'expected dW to be a whole number from 1 up, got [1]'),
        (lambda: nn.Decorator('text'), 'expected a module to add, got str'),
        (lambda: nn.MSECriterion(0), 'expected sizeAverage to be True or False, got 0'),
        (lambda: nn.View(1.5, 2), 'expected sizes that are whole numbers from -1 up, got 1.5'),
        (lambda: nn.Reshape(2, None, 3), 'expected sizes that are whole numbers from 1 up, got None'),
        (lambda: nn.CMul(2, -1), 'expected sizes that are whole numbers from 1 up, got -1'),
        (
            lambda: nn.Select(1.0, 2).forward(np.ones((2, 2), np.float32)),
            'expected a whole number as dimension, got 1.0',
        ),
        (
            lambda: nn.Max(1, 'text').forward(np.ones((2, 2), np.float32)),
            'expected nInputDims to be a whole number, got',
        ),
    ],
)
def test_an_error_says_which_argument(make, message):
    with pytest.raises(nnlite.Error) as caught:
        make()
    assert message in caught.value.message


def test_places_may_be_numbers_of_numpy():
    net = nn.Sequential().add(nn.Identity()).add(nn.Tanh())
    assert net.get(np.int64(2)) is net.modules[1]
    assert nn.SelectTable(np.int64(2)).forward([1, 2]) == 2


@pytest.mark.parametrize('make', [lambda: nn.Concat(1), lambda: nn.DepthConcat(1), lambda: nn.DataParallelTable(1)])
def test_a_container_without_what_it_needs_says_so(make):
    for use in (lambda module: module.forward(np.ones(3, np.float32)), lambda module: module.get(1)):
        with pytest.raises(nnlite.Error, match=r'expected .+, got'):
            use(make())
    assert type(make()).__name__ in repr(make())


def test_a_wrapper_without_its_module_says_so():
    for wrapper in (nn.Decorator(nn.Tanh()), nn.NaN(nn.Tanh()), nn.GPU(nn.Tanh(), 1), nn.Profile(nn.Tanh())):
        with pytest.raises(nnlite.Error, match='expected a module inside, got none'):
            wrapper.remove().forward(np.ones(3, np.float32))


def test_share_with_a_module_without_such_parameters_says_so():
    for other in (nn.Tanh(), 'text'):
        with pytest.raises(nnlite.Error, match='expected a module with a weight to share, got'):
            nn.Linear(2, 3).share(other, 'weight')
    with pytest.raises(nnlite.Error, match='expected as many modules to share with, 1, got 2'):
        nn.Sequential().add(nn.Tanh()).share(nn.Sequential().add(nn.Tanh()).add(nn.Tanh()), 'weight')

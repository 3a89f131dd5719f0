"""The steps of a residual block, forward and back: what runs, its formula, and the line of nnlite that computes it."""

import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import nnlite
from nnlite import nn
from nnlite.kernels.on_numpy import convolution, normalization, transfer


class Step(NamedTuple):
    """One module's work in one direction.

    Attributes:
        node: its place in the drawing.
        title: what happens.
        formula: of an element of the result.
        kind: which arithmetic block.js spells out for an element.
        arrays: what it reads and writes, by the arithmetic's names for them, of what the page holds for a setting.
        function, lines: where the code stands, and what of it does the work.
        back: whether this is the backward pass.
        norms: whether it is there with batch normalization only.
    """

    node: str
    title: str
    formula: str
    kind: str
    arrays: dict[str, str]
    function: Callable[..., Any]
    lines: tuple[str, ...]
    back: bool = False
    norms: bool = False

    def data(self) -> dict[str, Any]:
        """Return what the page needs of it."""
        return {
            'node': self.node,
            'title': self.title,
            'formula': self.formula,
            'kind': self.kind,
            **self.arrays,
            **self.code(),
            'back': self.back,
            'norms': self.norms,
        }

    def code(self) -> dict[str, Any]:
        """Return the lines that do the work, where they stand, and the function around them.

        Raises:
            ValueError: the function has not all of these lines.

        >>> found = FORWARD[-2].code()
        >>> found['file'], found['code']
        ('nnlite/nn/CAddTable.py', 'add_into(self, self.output, term)')
        """
        source, first = inspect.getsourcelines(self.function)
        numbers = [n for n, line in enumerate(source) if line.lstrip(' ').partition('  #')[0].strip() in self.lines]
        if len(numbers) != len(self.lines):
            raise ValueError(f'expected {self.lines} in {self.function.__qualname__}, found {len(numbers)} of them')
        path = Path(inspect.getsourcefile(self.function) or '').relative_to(Path(nnlite.__file__).parents[1])
        return {
            'file': path.as_posix(),
            'line': first + numbers[0],
            'code': textwrap.dedent(''.join(source[numbers[0] : numbers[-1] + 1])).rstrip(),
            'whole': textwrap.dedent(''.join(source)).rstrip(),
        }


_convolve, _normalise = convolution._convolve, normalization._normalise
_normalise_back, _fork_back = normalization._hand_back, nn.ConcatTable._back
_rectify, _rectify_back = transfer.Threshold_updateOutput, transfer.Threshold_updateGradInput

CONVOLUTION = 'y[i, j] = \u03a3 w[a, b] \u00b7 x[i + a \u2212 2, j + b \u2212 2], for a and b from 1 to 3'
CONVOLUTION_BACK = (
    'gradInput[i, j] = \u03a3 w[a, b] \u00b7 gradOutput[i \u2212 a + 1, j \u2212 b + 1]: the window turned around'
)
NORMALIZATION = 'y = (x \u2212 mean) / std \u00b7 weight + bias'
NORMALIZATION_BACK = (
    'gradInput = weight / std \u00b7 (g \u2212 mean(g) \u2212 n \u00b7 mean(g \u00b7 n)), n = (x \u2212 mean) / std'
)
RELU = 'y = max(0, x)'
RELU_BACK = 'gradInput = gradOutput where y > 0, else 0'
PRODUCTS = ('np.matmul(columns, matrix, out=product)',)
PRODUCTS_BACK = ('Convolution_updateOutput(gradOutput, gradInput, turned, None, stride, back, dilation)',)
NORMALISED = (
    'np.subtract(x.long[block], mean, out=out)',
    'np.multiply(out, slope, out=out)',
    'np.add(out, shift, out=out)',
)
NORMALISED_BACK = (
    'np.subtract(x.long[block], long_mean, out=out)',
    'np.multiply(out, per_x, out=out)',
    'np.subtract(g.long[block], out, out=out)',
    'np.subtract(out, per_batch, out=out)',
    'np.multiply(out, long_slope, out=out)',
)
RECTIFIED = ('(np.maximum if inplace else np.fmax)(input, 0, out=output)',)
RECTIFIED_BACK = ('keep(gradOutput, _above(reference, threshold, inplace=gradInput is gradOutput), out=gradInput)',)

FORWARD = (
    Step(
        'fork', 'The fork: x goes both ways', 'y = [x, x]: the same array for the branch and for the shortcut', 'same',
        {'from': 'x', 'to': 'x'}, nn.ConcatTable.updateOutput,
        ("self.output = [self.rethrowErrors(index, 'updateOutput', input) for index in range(len(self.modules))]",),
    ),
    Step('conv1', 'First convolution', CONVOLUTION, 'convolve', {'from': 'x', 'weight': 'w1', 'to': 'c1'}, _convolve,
         PRODUCTS),
    Step('norm1', 'Batch normalization', NORMALIZATION, 'normalise', {'from': 'c1', 'norm': 'n1', 'to': 'b1'},
         _normalise, NORMALISED, norms=True),
    Step('relu1', 'ReLU', RELU, 'rectify', {'from': 'b1', 'to': 'r1'}, _rectify, RECTIFIED),
    Step('conv2', 'Second convolution', CONVOLUTION, 'convolve', {'from': 'r1', 'weight': 'w2', 'to': 'c2'}, _convolve,
         PRODUCTS),
    Step('norm2', 'Batch normalization', NORMALIZATION, 'normalise', {'from': 'c2', 'norm': 'n2', 'to': 'b2'},
         _normalise, NORMALISED, norms=True),
    Step('short', 'The shortcut', 'y = weight \u00b7 x: with weight 1 the identity, with 0 no shortcut', 'scale',
         {'from': 'x', 'to': 's'}, nn.MulConstant._write_output,
         ('np.multiply(input, self.constant_scalar, out=output)',)),
    Step('sum', 'The sum: branch + shortcut', 'y = branch(x) + shortcut(x)', 'add',
         {'from': 'b2', 'other': 's', 'to': 'sum'}, nn.CAddTable.updateOutput, ('add_into(self, self.output, term)',)),
    Step('relu2', 'ReLU', RELU, 'rectify', {'from': 'sum', 'to': 'y'}, _rectify, RECTIFIED),
)  # fmt: skip

BACKWARD = (
    Step('relu2', 'Back through the ReLU', RELU_BACK, 'rectifyBack', {'from': 'gy', 'output': 'y', 'to': 'gs'},
         _rectify_back, RECTIFIED_BACK, back=True),
    Step(
        'sum', 'Back through the sum: both get the same', 'gradInput = [gradOutput, gradOutput]', 'same',
        {'from': 'gs', 'to': 'gs'}, nn.CAddTable.updateGradInput,
        ("self.gradInput.append(gradOutput if self.inplace else copy_into(self, f'gradInput.{number}', gradOutput))",),
        back=True,
    ),
    Step('norm2', 'Back through batch normalization', NORMALIZATION_BACK, 'normaliseBack',
         {'from': 'gs', 'norm': 'n2', 'input': 'c2', 'to': 'gb2'}, _normalise_back, NORMALISED_BACK, back=True,
         norms=True),
    Step('conv2', 'Back through the second convolution', CONVOLUTION_BACK, 'convolveBack',
         {'from': 'gb2', 'weight': 'w2', 'to': 'gr1'}, convolution.Convolution_updateGradInput, PRODUCTS_BACK,
         back=True),
    Step('relu1', 'Back through the ReLU', RELU_BACK, 'rectifyBack', {'from': 'gr1', 'output': 'r1', 'to': 'gb1'},
         _rectify_back, RECTIFIED_BACK, back=True),
    Step('norm1', 'Back through batch normalization', NORMALIZATION_BACK, 'normaliseBack',
         {'from': 'gb1', 'norm': 'n1', 'input': 'c1', 'to': 'gc1'}, _normalise_back, NORMALISED_BACK, back=True,
         norms=True),
    Step('conv1', 'Back through the first convolution', CONVOLUTION_BACK, 'convolveBack',
         {'from': 'gc1', 'weight': 'w1', 'to': 'gbranch'}, convolution.Convolution_updateGradInput, PRODUCTS_BACK,
         back=True),
    Step('short', 'Back along the shortcut', 'gradInput = weight \u00b7 gradOutput: as it is, with weight 1', 'scale',
         {'from': 'gs', 'to': 'gshort'}, nn.MulConstant._write_gradInput,
         ('np.multiply(gradOutput, self.constant_scalar, out=gradInput)',), back=True),
    Step('fork', 'Back at the fork: branch + shortcut',
         'gradInput = what comes from the branch + what comes along the shortcut: x was used twice', 'add',
         {'from': 'gbranch', 'other': 'gshort', 'to': 'gx'}, _fork_back, ('add_into(self, total, grad)',), back=True),
)  # fmt: skip

STEPS = FORWARD + BACKWARD

"""Neighbours that run as one module: in fewer passes over memory than one after the other.

A fused module has no parameters. It holds the modules that it stands for, computes for them in their memory, and leaves
behind what they would have left, with a ReLU in place. So the halves of the backward pass, updateGradInput and
accGradParameters, are the modules' own: only forward and backward, which are run most, are run in another way.
"""

from nnlite import nn
from nnlite.nn.convolution import Convolution
from nnlite.nn.Object import emptied
from nnlite.nn.table import copy_into, expect_alike


class Fused(nn.Sequential):
    """The base of fused modules: a Sequential that knows a cheaper way.

    In evaluation there may be one that is cheaper still, but leaves behind too little for the way back: outputs that
    nobody computed are empty. Whoever goes back all the same has them computed again.

    Args:
        modules: the modules that it stands for, in order.
    """

    evaluated = False  # whether the last output came by the cheapest way

    def __init__(self, *modules):
        super().__init__()
        self.modules = list(modules)

    @property
    def kernels(self):
        """The family of kernels of the modules, which may have been moved to a GPU since they were fused."""
        return self.modules[0].kernels

    # what a fused module says

    def _trains(self):
        """Return whether the way back is to be expected."""
        return True

    def _compute(self, input):
        """Return the output, and leave behind what the way back needs."""
        return super().updateOutput(input)

    def _evaluate(self, input):
        """Return the output in the cheapest way."""
        raise NotImplementedError

    def _hand_back(self, input, gradOutput, scale):
        """Do what backward does."""
        return super()._back(input, gradOutput, 'backward', scale)

    def _halfway_back(self, input, gradOutput):
        """Do what updateGradInput does."""
        return super()._back(input, gradOutput, 'updateGradInput')

    # its life

    def updateOutput(self, input):
        self.evaluated = not self._trains()
        self.output = self._evaluate(input) if self.evaluated else self._compute(input)
        return self.output

    def _compute_all(self, input):
        """Compute again what the way back needs, if the last output came without."""
        if self.evaluated:
            self.output, self.evaluated = self._compute(input), False

    def _back(self, input, gradOutput, method, *scale):
        self._compute_all(input)
        if method == 'backward':
            return self._hand_back(input, gradOutput, *scale)
        return self._halfway_back(input, gradOutput)

    def __repr__(self):
        return 'nnlite.Fused {\n  ' + '\n'.join(map(repr, self.modules)).replace('\n', '\n  ') + '\n}'


class FusedNorm(Fused):
    """Batch normalization with the layer before it, the ReLU behind it, or both.

    In evaluation it is a factor and a term for each plane, which the layer's weight and bias take in.

    Args:
        layer: a convolution or a Linear, or None.
        norm: the batch normalization.
        relu: the ReLU, or None.
    """

    def __init__(self, layer, norm, relu):
        super().__init__(*(module for module in (layer, norm, relu) if module is not None))
        self.layer, self.norm, self.relu = layer, norm, relu

    def _trains(self):
        return self.layer is None or self.norm.train

    def _evaluate(self, input):
        norm, folded = self.norm, _folded(self.layer, self.norm)
        if self.relu is not None and isinstance(folded, Convolution):
            method, *args = _convolving(folded, input, _rectifying(self.kernels))
            getattr(folded, method)(*args)
        else:
            folded.updateOutput(input)
            if self.relu is not None:
                self.kernels.Threshold_updateOutput(folded.output, folded.output, 0, 0)
        self.layer.output = emptied(None, norm.dtype)  # nobody computed it
        norm.output = folded.output
        if self.relu is not None:
            self.relu.output = norm.output
        return norm.output

    def _compute(self, input):
        given, moments = input, None
        if isinstance(self.layer, Convolution) and self.norm.train:
            moments = self.rethrowErrors(
                0, *_convolving(self.layer, input, self.kernels.ConvolutionMoments_updateOutput)
            )
            given = self.layer.output
        elif self.layer is not None:
            given = self.rethrowErrors(0, 'updateOutput', input)
        return _normalised(self.norm, given, None, self.relu, moments)

    def _hand_back(self, input, gradOutput, scale):
        gradient = self._hand_back_to_layer(input, gradOutput, scale)
        return gradient if self.layer is None else self.rethrowErrors(0, 'backward', input, gradient, scale)

    def _hand_back_to_layer(self, input, gradOutput, scale):
        """Do what backward does but for the layer, and return the gradient at its output."""
        self._compute_all(input)
        given = input if self.layer is None else self.layer.output
        if self.relu is None:
            return self.rethrowErrors(-1, 'backward', given, gradOutput, scale)
        return _handed_back(self.norm, given, self.relu, gradOutput, scale, residual=False)


class FusedResidual(Fused):
    """A residual block: its fork, the sum and the ReLU, with the batch normalization that one of the branches ends in.

    Args:
        fork: the ConcatTable of two branches.
        sum: the CAddTable.
        relu: the ReLU.
        place: which of the branches, from 0, it is.
        ahead: the Sequential of what is in this branch before its batch normalization.
    """

    def __init__(self, fork, sum, relu, place, ahead):
        super().__init__(fork, sum, relu)
        self.fork, self.sum, self.relu, self.place = fork, sum, relu, place
        self.norm = fork.modules[place].modules[-1]
        self.ahead = nn.ConcatTable()
        self.ahead.modules = list(fork.modules)
        self.ahead.modules[place] = ahead
        # Its gradInput is the fork's: of its type, and in its memory.
        self.ahead._type, self.ahead._storages = fork.type(), vars(fork).setdefault('_storages', {})

    def _trains(self):
        # Any layer: what trains may draw random numbers and keep statistics, and so runs once only. Whoever switches
        # the plain network to evaluation reaches its layers, but not the containers that hold them here.
        return _any_layer_trains(self.fork)

    def _evaluate(self, input):
        sequence = self.ahead.modules[self.place].sequence()
        if not sequence.modules or not isinstance(sequence.modules[-1], Convolution):
            branches = self.rethrowErrors(0, 'updateOutput', input)
            expect_alike(self.sum, branches)
            return _rectified_sum(self.sum, branches, self.relu, output=branches[self.place])
        *before, last = sequence.modules
        twice = len(before) == 1 and _is_convolution_with_relu(before[0])
        # The convolutions first: their arithmetic goes on while the input comes from memory, a shortcut's would wait.
        given = input if twice else _all_but_last(sequence, input)
        residual = self.fork.rethrowErrors(1 - self.place, 'updateOutput', input)
        rectify = _rectifying(self.kernels, self.norm._batch(residual), self.sum)
        folded = _folded(last, self.norm)
        if twice:
            sequence.modules = [_folded(before[0].layer, before[0].norm, 1), folded]
            self._convolve_twice(sequence, input, self.norm._batch(residual), rectify)
            for module in before[0].modules:
                module.output = emptied(None, self.norm.dtype)
        else:
            sequence.modules = [*before, folded]
            sequence.rethrowErrors(-1, *_convolving(folded, given, rectify))
        last.output = emptied(None, self.norm.dtype)
        return self._leave(folded.output, residual)

    def _convolve_twice(self, sequence, input, residual, rectify):
        """Let two convolutions follow each other, each with a ReLU behind, as one where the kernels know how."""
        before, last = sequence.modules
        given = []
        sequence.rethrowErrors(0, *_convolving(before, input, lambda *args: given.extend(args)))
        maps, between, *first = given

        def convolve(inner, output, *second):
            self.sum.expect(residual, output.shape)
            if not self.kernels.ConvolutionReLUTwice_updateOutput(maps, residual, output, first, second):
                self.kernels.ConvolutionReLU_updateOutput(maps, None, between, *first)
                rectify(inner, output, *second)

        sequence.rethrowErrors(-1, *_convolving(last, before.output, convolve))

    def _compute(self, input):
        outputs, moments = [None, None], None
        for place in range(2):
            if place != self.place:
                outputs[place] = self.ahead.rethrowErrors(place, 'updateOutput', input)
                continue
            branch = self.ahead.modules[place]
            sequence = branch.sequence()
            if sequence.modules and isinstance(sequence.modules[-1], Convolution) and self.norm.train:
                given, layer = _all_but_last(sequence, input), sequence.modules[-1]
                kernel = self.kernels.ConvolutionMoments_updateOutput
                moments = sequence.rethrowErrors(-1, *_convolving(layer, given, kernel))
                outputs[place] = branch.output = layer.output
            else:
                outputs[place] = self.ahead.rethrowErrors(place, 'updateOutput', input)
        self.ahead.output = outputs
        expect_alike(self.sum, outputs)
        given, residual = outputs[self.place], outputs[1 - self.place]
        return self._leave(_normalised(self.norm, given, residual, self.relu, moments), residual)

    def _leave(self, output, residual):
        """Leave the output, and the residual, where the modules would have left theirs; return the output."""
        self.norm.output = self.relu.output = self.sum.output = self.fork.modules[self.place].output = output
        self.fork.output = [output if place == self.place else residual for place in range(2)]
        return output

    def _hand_back(self, input, gradOutput, scale):
        given = self.ahead.output[self.place]
        gradients = [None, None]
        gradients[self.place] = _handed_back(self.norm, given, self.relu, gradOutput, scale)
        gradients[1 - self.place] = self.relu.gradInput  # no copy: nobody else needs it any more
        if self.first() is None:
            self.fork.gradInput = self.ahead.backward(input, gradients, scale)
        else:
            added = self.ahead.rethrowErrors(1 - self.place, 'backward', input, gradients[1 - self.place], scale)
            sequence = self.ahead.modules[self.place].sequence()
            self.fork.gradInput = self._add_branch(sequence, input, gradients[self.place], added, scale)
        return self.fork.gradInput

    def first(self):
        """Return the convolution that the branch begins with, if its gradInput is added to the shortcut's at once.

        It is the last one to run on the way back, and writes the sum in the fork's memory; its own gradInput is empty.
        """
        modules = self.ahead.modules[self.place].sequence().modules
        layer = getattr(modules[0], 'layer', modules[0]) if modules else None
        is_plain = isinstance(layer, Convolution) and type(layer)._hand_back is Convolution._hand_back
        return layer if is_plain and layer.gradInput is not None else None

    def _add_branch(self, sequence, input, gradient, added, scale):
        """Go back through the branch, the gradient of whose input is added to the shortcut's; return the sum."""
        for index in reversed(range(1, len(sequence.modules))):
            gradient = sequence.rethrowErrors(index, 'backward', sequence.modules[index - 1].output, gradient, scale)
        layer = self.first()
        if layer is not sequence.modules[0]:
            gradient = sequence.rethrowErrors(0, '_hand_back_to_layer', input, gradient, scale)
        if added is None:  # nobody asks for the shortcut's
            return layer.backward(input, gradient, scale)
        total = layer._add_gradInput(input, gradient, added, self.fork)
        layer.gradInput = emptied(layer.gradInput, layer.dtype)
        layer.accGradParameters(input, gradient, scale)
        return total

    def _halfway_back(self, input, gradOutput):
        rectified = self.relu.updateGradInput(self.sum.output, gradOutput)
        self.sum.updateGradInput(self.ahead.output, rectified)
        return self._half('updateGradInput', input)

    def accGradParameters(self, input, gradOutput, scale=1):
        self._half('accGradParameters', input, scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        self._half('accUpdateGradParameters', input, lr)

    def _half(self, method, input, *scale):
        """Do a half of the way back, from the sum's gradients on."""
        gradients = list(self.sum.gradInput)
        getattr(self.norm, method)(self.ahead.output[self.place], gradients[self.place], *scale)
        gradients[self.place] = self.norm.gradInput
        return getattr(self.ahead, method)(input, gradients, *scale)


class FusedSum(Fused):
    """A sum, which is not in place here, and the ReLU of it.

    Args:
        sum: the CAddTable.
        relu: the ReLU, or None.
    """

    def __init__(self, sum, relu):
        super().__init__(*(module for module in (sum, relu) if module is not None))
        self.sum, self.relu = sum, relu

    def _compute(self, input):
        if self.relu is not None and isinstance(input, list) and len(input) == 2:
            expect_alike(self.sum, input)
            output = self.sum.buffer('output', input[0].shape, like=input[0])
            return _rectified_sum(self.sum, input, self.relu, output)
        if self.sum.inplace:
            expect_alike(self.sum, input)
            input = [copy_into(self.sum, 'output', input[0]), *input[1:]]
        return super()._compute(input)


def _is_convolution_with_relu(module):
    """Return whether a module is a convolution, of stride 1, with its batch normalization and ReLU."""
    fused = isinstance(module, FusedNorm) and isinstance(module.layer, Convolution) and module.relu is not None
    return fused and set(module.layer._each('d')) == {1}


def _any_layer_trains(module):
    below = getattr(module, 'modules', ())
    return any(map(_any_layer_trains, below)) or (module.train and not isinstance(module, nn.Container))


def _folded(layer, norm, number=0):
    """Return the layer that does what one does and a batch normalization after it, in the memory of that.

    It is for now: its weight is memory that the next one's takes, if that has the same number.
    """
    folded = type(layer).__new__(type(layer))
    weight, bias = norm.kernels.BatchNormalization_fold(
        layer.weight, layer.bias, norm.weight, norm.bias, norm.running_mean, norm.running_var, norm.eps, number
    )
    vars(folded).update(vars(layer), weight=weight, bias=bias)
    folded._storages = vars(norm).setdefault('_storages', {})
    return folded


def _all_but_last(sequence, input):
    """Return what goes into the last module of a Sequential."""
    for index in range(len(sequence.modules) - 1):
        input = sequence.rethrowErrors(index, 'updateOutput', input)
    return input


def _convolving(layer, input, kernel):
    """Return the method of a convolution, and its arguments, that does what updateOutput does by another kernel."""

    def convolve(maps, output):
        return kernel(maps, output, layer._kernels(layer.weight), layer.bias, *layer._geometry())

    return '_output_by', input, convolve


def _rectifying(kernels, residual=None, sum=None):
    """Return the kernel that convolves, adds a residual, if there is one, and takes the ReLU of what comes out."""

    def rectify(maps, output, *rest):
        if residual is not None:
            sum.expect(residual, output.shape)
        kernels.ConvolutionReLU_updateOutput(maps, residual, output, *rest)

    return rectify


def _normalised(norm, input, residual, relu, moments=None):
    """Return what a batch normalization makes of its input, and the ReLU of that, and of a residual if there is one.

    Moments are what ConvolutionMoments_updateOutput returned, if the input comes from there.
    """

    def kernel(batch, *rest):
        if relu is None:
            norm.kernels.BatchNormalization_updateOutput(batch, *rest, moments=moments)
            return
        added = None if residual is None else norm._batch(residual)
        norm.kernels.BatchNormalizationReLU_updateOutput(batch, added, *rest, moments=moments)

    output = norm._normalise(input, kernel)
    if relu is not None:
        relu.output = output
    return output


def _handed_back(norm, input, relu, gradOutput, scale, residual=True):
    """Return the gradient at the input of `_normalised`; the residual's is the ReLU's gradInput.

    If there is no residual, nobody needs what a ReLU in place hands back, and its gradInput is empty.
    """
    norm.expect(gradOutput, relu.output.shape, 'gradOutput')
    gradSum, options = gradOutput, {}
    if not relu.inplace:
        gradSum = relu.buffer('gradInput', gradOutput.shape, like=gradOutput)
    elif not residual:
        gradSum, options = None, {'bias': norm.bias}

    def kernel(batch, gradient, *rest):
        outputs = [None if array is None else norm._batch(array) for array in (relu.output, gradSum)]
        norm.kernels.BatchNormalizationReLU_backward(batch, outputs[0], gradient, outputs[1], *rest, **options)

    relu.gradInput = emptied(relu.gradInput, norm.dtype) if gradSum is None else gradSum
    return norm._back(input, gradOutput, scale, norm.gradWeight, norm.gradBias, kernel=kernel)


def _rectified_sum(sum, terms, relu, output):
    """Write the ReLU of the sum of two terms, and return it."""
    sum.kernels.CAddReLU_updateOutput(*terms, output)
    sum.output = relu.output = output
    return output

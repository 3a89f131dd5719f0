"""What the padding layers have in common: planes put into a border, or cropped."""

from nnlite.errors import ShapeError
from nnlite.nn.arguments import whole
from nnlite.nn.maps import MapLayer


class Bordered(MapLayer):
    """The base of nn.SpatialZeroPadding, SpatialReflectionPadding, SpatialReplicationPadding and their like.

    Class attributes:
        border: what stands in it, see kernels.BorderPadding_updateOutput.
        prefix, ends: the names of the fields that say how much is put to each end; the last sides come first.
    """

    prefix, ends = 'pad_', ('l', 'r', 't', 'b')

    def __init__(self, first, *others):
        super().__init__()
        for end, pad in zip(self.ends, (first, *others), strict=True):
            setattr(self, self.prefix + end, first if pad is None else pad)
        self._pads()

    def _pads(self):
        """Return (in front, behind) of each side."""
        names = [self.prefix + end for end in self.ends]
        pads = [whole(self, name, getattr(self, name)) for name in names]
        return list(zip(pads[::2], pads[1::2], strict=True))[::-1]

    def _output_space(self, maps):
        pads, space = self._pads(), maps.shape[2:]
        for (front, behind), size in zip(pads, space, strict=True):
            if max(-front, 0) + max(-behind, 0) >= size:
                raise ShapeError(f'expected input larger than what is cropped, got {maps.shape}', where=self._name())
            if self.border == 'reflection' and max(front, behind) >= size:
                least = max(front, behind) + 1
                message = f'expected sides of at least {least} pixels to reflect {least - 1}, got {maps.shape}'
                raise ShapeError(message, where=self._name())
        return [front + size + behind for (front, behind), size in zip(pads, space, strict=True)]

    def _compute(self, maps, output):
        self.kernels.BorderPadding_updateOutput(maps, output, self._pads(), self.border)

    def _hand_back(self, grads, gradInput):
        self.kernels.BorderPadding_updateGradInput(grads, gradInput, self._pads(), self.border)

    def __repr__(self):
        pads = ', '.join(f'{end}={getattr(self, self.prefix + end)}' for end in self.ends)
        return f'nn.{type(self).__name__}({pads})'

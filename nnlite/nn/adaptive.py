"""What the adaptive poolings have in common: they are told how many windows there are, not how large."""

from nnlite.nn.arguments import whole
from nnlite.nn.maps import MapLayer


class AdaptivePooling(MapLayer):
    """The base of nn.SpatialAdaptiveMaxPooling and nn.SpatialAdaptiveAveragePooling.

    Args:
        W, H: the width and height of the output.
    """

    def __init__(self, W, H):
        super().__init__()
        self.W, self.H = whole(self, 'W', W, 1), whole(self, 'H', H, 1)

    def _output_space(self, maps):
        return self.H, self.W

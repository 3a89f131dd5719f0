"""How far from zero Torch's first weights lie."""

import math


def bound(stdv, fan_in):
    """Return b for weights drawn from -b to b: of standard deviation stdv, or, if that is None, 1 / sqrt(fan_in).

    >>> bound(None, 4), round(bound(1, 4), 3)
    (0.5, 1.732)
    """
    return 1 / math.sqrt(fan_in) if stdv is None else stdv * math.sqrt(3)

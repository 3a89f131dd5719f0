"""One step of a network, as it was recorded."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlite.trace.statistics import Statistics
from nnlite.trace.tree import Node, children_of

if TYPE_CHECKING:
    from nnlite.trace.recording import Trace


@dataclass
class Frame:
    """What every module did in a forward and a backward pass.

    Attributes:
        nodes: the places in the network's tree; all lists here go by their numbers.
        loss: what the criterion said.
        step: which step of the training it was, from 0.
        statistics: by quantity, 'output', 'gradOutput', 'gradInput' or 'gradWeight' (of all that a layer learns), for
            each node, None where there is no such thing: a module that did not run, a layer without weights.
        seconds: by 'forward' and 'backward', (nodes), what is inside included.
        bytes: (nodes), of the results and buffers of each module itself.
        shapes: of each node's output; a list for a table.
        arrays: by quantity and number of the node copies of the arrays themselves, if they were asked for.
    """

    nodes: list[Node]
    loss: float
    step: int
    statistics: dict[str, list[Statistics | None]]
    seconds: dict[str, np.ndarray]
    bytes: np.ndarray
    shapes: list[Any]
    arrays: dict[tuple[str, int], Any] = field(default_factory=dict, repr=False)

    def branches(self, number: int) -> list[int]:
        """Return the nodes directly below one: at a ConcatTable, whose gradInput add up to its own, the branches."""
        return children_of(self.nodes)[number]

    def trace(self) -> 'Trace':
        """Return it as a recording of one step."""
        from nnlite.trace.recording import Trace

        return Trace.of([self])

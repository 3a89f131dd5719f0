"""A step as one CUDA graph: its kernels are launched together, so none of them waits for Python."""

import re
from collections import Counter
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any

from nnlite.errors import Error
from nnlite.tensor.devices import gpu
from nnlite.training.gpu_memory import path

WARM = 2  # steps that run as they are: kernels are compiled, chosen and loaded, and memory grows to its size
VERBOSE = 1  # cudaGraphDebugDotFlagsVerbose
GRAPHS = 4  # of so many kinds of steps at most: batches that are all of different shapes are not worth it


class CaptureError(Exception):
    """A step did what cannot be captured: it waited for the GPU, or copied from or to the host."""


class Graph:
    """What a step launched while it was captured, on the current stream.

    Args:
        step: called without arguments; may only launch kernels on memory that is there already and stays.

    Raises:
        CaptureError: it does something else.
    """

    def __init__(self, step: Callable[[], Any]) -> None:
        cuda = gpu().cuda
        stream = cuda.get_current_stream()
        stream.begin_capture()
        try:
            self.result = step()
            self._graph = stream.end_capture()
        except Exception as error:
            with suppress(cuda.runtime.CUDARuntimeError):  # it says again that it came to nothing
                stream.end_capture()
            if isinstance(error, (Error, MemoryError)):
                raise
            why = ' > '.join([*path(error), str(error)])
            raise CaptureError(f'a step cannot be captured in a CUDA graph: {why}') from error
        if _copies(self._graph):
            raise CaptureError('a step cannot be captured in a CUDA graph: it copies from or to the host')

    def launch(self) -> None:
        """Do all that was captured once more."""
        self._graph.launch()


def _copies(graph: Any) -> bool:
    """Return whether a graph copies from or to the host: CUDA captures that, and copies whatever is there by then."""
    return any(re.search('HtoD|DtoH|HostToDevice|DeviceToHost', graph.debug_dot_str(flags)) for flags in (0, VERBOSE))


class Replayed:
    """A step that runs as it is until it is warm, and from then on as a CUDA graph.

    A graph goes on reading and writing the memory that it was captured with. That may not become another's, even where
    a module takes a larger piece later: what a step allocates comes from a pool of its own, and what it found is held.

    Args:
        step: called with what the replayed step is called with; launches kernels on the current stream.
        held: called without arguments, returns all arrays that the step finds and that something else may let go.
        pool: a cupy.cuda.MemoryPool of which only steps take.
    """

    def __init__(self, step: Callable[..., Any], held: Callable[[], list[Any]], pool: Any) -> None:
        self.step, self._held, self._pool = step, held, pool
        self._times: Counter[Hashable] = Counter()
        self._graphs: dict[Hashable, tuple[Graph, Any]] = {}

    def __call__(self, kind: Hashable, *args: Any) -> Any:
        """Run the step, and return what it returned when it ran or was captured.

        Args:
            kind: what must be the same for a graph to do: where the arguments lie, their shapes, constants.
            args: of the step.

        Raises:
            CaptureError: the step cannot be. It has not run.
        """
        if kind not in self._graphs:
            self._times[kind] += 1
            with gpu().cuda.using_allocator(self._pool.malloc):
                if self._times[kind] <= WARM or len(self._graphs) == GRAPHS:
                    return self.step(*args)
                self._graphs[kind] = Graph(lambda: self.step(*args)), [*self._held(), *args]
        graph, _ = self._graphs[kind]
        graph.launch()
        return graph.result

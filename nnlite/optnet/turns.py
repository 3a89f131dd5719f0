"""Memory that modules use by turns, and what becomes of a gradient when the next turn begins."""

from nnlite.errors import Error
from nnlite.nn.Object import emptied
from nnlite.tensor.storage import Storage


class Piece:
    """A piece of memory, and whose turn it is."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.storage = Storage()
        self.turn = None


class Turn:
    """What a module has in place of an nnlite.Storage: a piece of memory, until another turn in it begins.

    Attributes:
        piece: the piece of memory.
        shown_by: the modules whose gradInput may lie in it.
    """

    def __init__(self, piece):
        self.piece = piece
        self.shown_by = []

    @property
    def memory(self):
        """The memory, as nnlite.Storage has it."""
        return self.piece.storage.memory

    def view(self, *args):
        """Begin the turn and return the memory as an array; the arguments are those of nnlite.Storage.view."""
        last, self.piece.turn = self.piece.turn, self
        if last not in (None, self):
            last.end()
        return self.piece.storage.view(*args)

    def end(self):
        """Let nobody take what comes next for the gradient that was here."""
        for module in self.shown_by:
            if module.gradInput is not None:  # as it is where nobody asks for it
                module.gradInput = Overwritten()


class Overwritten:
    """Stands where a gradient was until its memory was used again; whoever wants to compute with it is told so."""

    def _refuse(self, *args):
        raise Error(
            'expected a gradient that is still there, got one whose memory has been used again',
            hint='after optnet.optimizeMemory run backward as a whole, or undo it with optnet.removeOptimization',
        )

    __getitem__ = __len__ = __array__ = _refuse

    def __getattr__(self, name):
        if name.startswith('__'):  # what Python itself asks any object for
            raise AttributeError(name)
        self._refuse()


def removeOptimization(model):
    """Give the modules of a model memory of their own again; return the model."""
    for module in model.listModules():
        storages = vars(module).get('_storages', {})
        for name in [name for name, storage in storages.items() if isinstance(storage, Turn)]:
            del storages[name]
        if isinstance(module.gradInput, Overwritten):
            module.gradInput = emptied(module.gradInput, module.dtype)
    return model

"""The tree of an object: what hangs below it, and how it is pickled with its arrays' memory in one piece each."""

from nnlite.tensor.devices import is_array
from nnlite.tensor.memory import owner, pointer, transplant, view_of


def children(thing):
    """Yield (holder, key, value) for what hangs directly below an object, a list or a dict, results and buffers aside.

    holder[key] can be set anew; an object's holder is its __dict__.
    """
    if hasattr(thing, 'cleared'):
        skipped = {*thing.cleared, '_storages'}
        yield from [(thing.__dict__, key, value) for key, value in thing.__dict__.items() if key not in skipped]
    elif isinstance(thing, dict):
        yield from ((thing, key, value) for key, value in thing.items())
    elif isinstance(thing, list):
        yield from ((thing, key, value) for key, value in enumerate(thing))


def below(thing, is_wanted, is_entered=lambda thing: True, seen=None):
    """Yield (holder, key, value) for every value anywhere below that is_wanted; what hangs in two places comes once.

    What is below a value is looked at only if the value is_entered.
    """
    seen = set() if seen is None else seen
    if id(thing) in seen or not is_entered(thing):
        return
    seen.add(id(thing))
    for holder, key, value in children(thing):
        if is_wanted(value):
            yield holder, key, value
        yield from below(value, is_wanted, is_entered, seen)


def take_apart(thing, copied):
    """Return (tree, memories): a copy of the tree with places instead of arrays, and the memory that they are in.

    Args:
        thing: the object.
        copied: called with a memo as of copy.deepcopy, returns a copy of the object.
    """
    arrays = [array for _, _, array in below(thing, is_array)]
    memories = []
    twins = transplant(arrays, lambda memory: memories.append(memory.copy()) or memories[-1])
    return copied({id(array): Place(twin, memories) for array, twin in zip(arrays, twins, strict=True)}), memories


def put_together(tree, memories):
    """Give a tree that was taken apart its arrays back, as views of the memories; return it."""
    for holder, key, place in list(below(tree, lambda value: isinstance(value, Place))):
        holder[key] = place.view(memories)
    return tree


class Place:
    """Where an array lies in the pieces of memory of a pickle."""

    def __init__(self, array, memories):
        self.number = next(number for number, memory in enumerate(memories) if owner(memory) == owner(array))
        self.offset = pointer(array) - pointer(memories[self.number])
        self.shape, self.strides = array.shape, array.strides

    def __deepcopy__(self, memo):
        return self

    def view(self, memories):
        return view_of(memories[self.number], self.shape, self.offset, self.strides)

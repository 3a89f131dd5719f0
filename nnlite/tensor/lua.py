"""What Lua values become in Python where no Python type of the same meaning exists."""


class LuaTable:
    """A Lua table that is neither a list nor a dict of plain keys: ordered pairs under Lua's equality.

    In Lua 1 and true are different keys, and a table or a tensor is a key by identity; a Python dict has neither.

    >>> table = LuaTable([(True, 'yes'), (1, 'one')])
    >>> table[1], table[True]
    ('one', 'yes')
    """

    def __init__(self, pairs=()):
        self.pairs = []
        self._places = {}
        for key, value in pairs:
            self[key] = value

    @staticmethod
    def _identity(key):
        """Return a hashable that is equal exactly where Lua holds two keys equal."""
        if isinstance(key, bool):
            return bool, key
        if isinstance(key, (int, float)):
            return float, key
        return (type(key), key) if isinstance(key, (str, bytes)) else (object, id(key))

    def __setitem__(self, key, value):
        identity = self._identity(key)
        if identity in self._places:
            self.pairs[self._places[identity]] = (key, value)
        else:
            self._places[identity] = len(self.pairs)
            self.pairs.append((key, value))

    def __getitem__(self, key):
        place = self._places.get(self._identity(key))
        if place is None:
            raise KeyError(key)
        return self.pairs[place][1]

    def __contains__(self, key):
        return self._identity(key) in self._places

    def __len__(self):
        return len(self.pairs)

    def __iter__(self):
        return (key for key, _ in self.pairs)

    def items(self):
        """Return the (key, value) pairs in the order of the file."""
        return list(self.pairs)

    def __repr__(self):
        return f'LuaTable({self.pairs!r})'


class TorchObject:
    """An object of a Torch class that nnlite does not know: its class name and its fields, kept as data.

    `nnlite.register('my.Class')(PythonClass)` teaches a new one.

    >>> TorchObject('my.Class', {'size': 3})
    TorchObject('my.Class', {'size': 3})
    """

    def __init__(self, typename, fields):
        self.typename, self.fields = typename, fields

    def __repr__(self):
        return f'TorchObject({self.typename!r}, {self.fields!r})'

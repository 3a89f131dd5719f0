"""What Lua values become in Python where no Python type of the same meaning exists."""

from nnlite.errors import Error


class UnknownClassError(Error, AttributeError):
    """Something was asked of an object that only its own class could answer."""


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

    It stands where it stood, in a network too, and is saved as it was; only running it is an error, which says that
    `nnlite.register('my.Class')(PythonClass)` teaches the class.

    Args:
        typename: the name of the class.
        fields: the table of its fields, a dict as a rule.
        version: the version of the class that wrote it.
        lead: the ints that the class wrote before the fields, in a way of its own.

    >>> thing = TorchObject('my.Class', {'size': 3})
    >>> thing, thing.fields
    (my.Class, {'size': 3})
    """

    def __init__(self, typename, fields, version=1, lead=()):
        self.typename, self.fields, self.version, self.lead = typename, fields, version, list(lead)

    def replace(self, callback):
        """Return callback(self): what is to be in its place (Module.replace)."""
        return callback(self)

    def __getattr__(self, name):
        if name.startswith('__') or 'typename' not in self.__dict__:
            raise AttributeError(name)
        raise UnknownClassError(
            f'expected an object with {name!r}, got one of {self.typename}, a class that nnlite does not know',
            hint=f"nnlite.register('{self.typename}')(PythonClass) before loading teaches it",
        )

    def __repr__(self):
        return self.typename

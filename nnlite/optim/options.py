"""Optimizers' options and state: dicts in which, as in Lua's tables, what is None is not there."""

from nnlite.errors import Error


def tables(config, state):
    """Return an optimizer's config and state, where no state means that config is the state as well.

    Raises:
        Error: one of them is not a dict.
    """
    config = {} if config is None else config
    state = config if state is None else state
    for name, table in (('config', config), ('state', state)):
        if not isinstance(table, dict):
            hint = 'an empty table is read from a file as []: give {} for it' if table == [] else None
            raise Error(f'expected a dict, got {type(table).__name__}', where=name, hint=hint)
    return config, state


def option(table, name, default):
    """Return what `table` says of `name`, or the default if it says nothing.

    >>> option({'momentum': None}, 'momentum', 0.9)
    0.9
    """
    value = table.get(name)
    return default if value is None else value


def required(table, name, where):
    """Return what `table` says of `name`, which has no default.

    Raises:
        Error: it says nothing.
    """
    if table.get(name) is None:
        raise Error(f'expected an option {name}, got {", ".join(map(repr, table)) or "none"}', where=where)
    return table[name]

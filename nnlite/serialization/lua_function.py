"""LuaFunction: a closure found in a .t7 file, kept as the bytes it is."""

from typing import Any


class LuaFunction:
    """A Lua closure, as an opaque record: nnlite never runs it, and writes it back as it came.

    Args:
        bytecode: what Lua's string.dump made of the function.
        upvalues: the values that the closure holds on to: a list of {name, id, value}, or of the values alone where the
            tag is 6 or 7.
        tag: how the file keeps it: 8 as Torch7 writes, 6 or 7 as older Torch did.
    """

    def __init__(self, bytecode: bytes, upvalues: Any = None, tag: int = 8) -> None:
        self.bytecode = bytecode
        self.upvalues = [] if upvalues is None else upvalues
        self.tag = tag

    def __repr__(self) -> str:
        return f'LuaFunction({len(self.bytecode)} bytes, {len(self.upvalues)} upvalues)'

"""Torch's .t7 files: models, checkpoints and any Lua value, read without trusting them and written as Torch writes."""

from nnlite.serialization.classes import register
from nnlite.serialization.lua_function import LuaFunction
from nnlite.serialization.t7_reader import load, loadAll
from nnlite.serialization.t7_writer import save

__all__ = ['LuaFunction', 'load', 'loadAll', 'register', 'save']

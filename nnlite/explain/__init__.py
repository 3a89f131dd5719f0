"""Pages that show what a network does: one HTML file each, which needs no network to open and sends nothing."""

from nnlite.explain.block import explain_block, record_block
from nnlite.explain.lesson import explain_lesson
from nnlite.explain.model import explain_model
from nnlite.explain.pair import explain_pair, record_pair

__all__ = ['explain_block', 'explain_lesson', 'explain_model', 'explain_pair', 'record_block', 'record_pair']

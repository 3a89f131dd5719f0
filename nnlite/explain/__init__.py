"""Pages that show what a network does: one HTML file each, which needs no network to open and sends nothing."""

from nnlite.explain.model import explain_model
from nnlite.explain.pair import explain_pair, record_pair

__all__ = ['explain_model', 'explain_pair', 'record_pair']

"""The page for a lesson: the block, by hand, and the deep pair."""

from typing import Any

from nnlite.explain.block import block_part
from nnlite.explain.page import page
from nnlite.explain.pair import pair_part


def explain_lesson(block: dict[str, Any], pair: dict[str, Any]) -> str:
    """Return a page, HTML, of two parts that shows what `record_block` and `record_pair` returned."""
    return page('See the gradient take the shortcut', block_part(block), pair_part(pair))

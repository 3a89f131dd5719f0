"""Networks as ONNX files, which onnxruntime runs, Netron shows, and other programs take.

`write_onnx(model, path, shape)` writes one, `check_onnx(model, path, shape)` runs it beside the network. What becomes
of a class says its function in LAYERS or CONTAINERS (see rules.py), which lie in the files of their families; what ONNX
cannot express is in CANNOT.
"""

from nnlite.interop.onnx import (  # noqa: F401 each puts its rules in
    containers,
    convolution,
    linear,
    normalization,
    pooling,
    shape,
    tables,
    transfer,
)
from nnlite.interop.onnx.check import check_onnx, outputs_of
from nnlite.interop.onnx.rules import CANNOT, CONTAINERS, LAYERS, CannotError
from nnlite.interop.onnx.write import IR_VERSION, OPSET, write_onnx

__all__ = [
    'CANNOT',
    'CONTAINERS',
    'IR_VERSION',
    'LAYERS',
    'OPSET',
    'CannotError',
    'check_onnx',
    'outputs_of',
    'write_onnx',
]

"""Classes of other Torch packages that do what a class of nn does: which one, and how its fields are called there.

Most have the name and the fields of their twin, as cudnn.Tanh has those of nn.Tanh. Here stand the others. What has no
twin stays data: a TorchObject.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

Fields = dict[str, Any]

# Into how many branches a convolution is made at most: a small file may ask for very many.
MAX_GROUPS = 64


class Twin(NamedTuple):
    """A class of nn, and how to make its fields of those in the file."""

    name: str
    fields: Callable[[Fields], Fields] = lambda fields: fields


def twin_of(typename: str, plain: Fields) -> Twin | None:
    """Return the twin in nn of a class of Torch, or None if nothing in nn can have one.

    Args:
        typename: the name of the class.
        plain: those fields of the object that are plain values.

    >>> twin_of('cudnn.Tanh', {}).name, twin_of('cudnn.ClippedReLU', {}).name
    ('Tanh', 'HardTanh')
    """
    if typename == 'cudnn.SpatialConvolution' and plain.get('groups') not in (None, 1):
        return Twin('Concat', _grouped_convolution) if plain['groups'] in range(2, MAX_GROUPS + 1) else None
    if typename == 'cudnn.TemporalConvolution' and plain.get('padH') not in (None, 0):
        return None  # nn's does not pad
    if typename in TWINS:
        return TWINS[typename]
    package, _, name = typename.partition('.')
    if package == 'cudnn':
        return Twin(name, _without_buffers)
    return Twin(name) if package in ('nn', 'cunn') else None


def _without_buffers(fields: Fields) -> Fields:
    """Leave out what cudnn's classes keep of their last input."""
    return {name: value for name, value in fields.items() if name not in _BUFFERS}


def _clipped(fields: Fields) -> Fields:
    return {**_without_buffers(fields), 'min_val': 0, 'max_val': fields['ceiling']}


def _temporal(fields: Fields) -> Fields:
    """Exchange width and height: to cudnn a sequence is a picture, with time as its height."""
    return {**_without_buffers(fields), 'kW': fields['kH'], 'dW': fields['dH']}


def _response(fields: Fields) -> Fields:
    return {**_without_buffers(fields), 'k': fields.get('K', fields.get('k', 1))}


def _one_replica(fields: Fields) -> Fields:
    return {**fields, 'modules': fields['modules'][:1]}


def _grouped_convolution(fields: Fields) -> Fields:
    """Make a branch for each group, which sees its part of the planes; the parameters stay views of the one array."""
    from nnlite import nn

    groups, planes_in, planes_out = (int(fields[name]) for name in ('groups', 'nInputPlane', 'nOutputPlane'))
    ins, outs = planes_in // groups, planes_out // groups
    if ins * groups != planes_in or outs * groups != planes_out:
        raise ValueError(f'{planes_in} and {planes_out} planes are not {groups} groups')
    empty = fields['weight'][:0]
    common = {'_type': fields.get('_type'), 'train': fields.get('train', True), 'output': empty, 'gradInput': empty}
    branches = []
    for group in range(groups):
        part = slice(group * outs, (group + 1) * outs)
        parameters = {
            name: fields[name][part]
            for name in ('weight', 'bias', 'gradWeight', 'gradBias')
            if fields.get(name) is not None
        }
        convolution = {**common, **_without_buffers(fields), **parameters, 'nInputPlane': ins, 'nOutputPlane': outs}
        del convolution['groups']
        narrow = made(nn.Narrow, {**common, 'dimension': 2, 'index': group * ins + 1, 'length': ins})
        modules = [narrow, made(nn.SpatialConvolution, convolution)]
        branches.append(made(nn.Sequential, {**common, 'modules': modules}))
    return {**common, 'dimension': 2, 'modules': branches}


def made(cls: Any, fields: Fields) -> Any:
    """Return an object of a class of nn made of its fields, as of a file's."""
    thing = cls.__new__(cls)
    thing.read(fields)
    return thing


_BUFFERS = {
    *('iSize', 'oSize', 'pad', 'stride', 'convDescData', 'input_slice', 'output_slice', 'scaleT'),
    *('input_offset', 'output_offset', 'weight_offset', '_input', '_gradOutput', 'save_mean', 'save_std'),
}  # fmt: skip

TWINS = {
    'cudnn.ClippedReLU': Twin('HardTanh', _clipped),
    'cudnn.SpatialCrossMapLRN': Twin('SpatialCrossMapLRN', _response),
    'cudnn.TemporalConvolution': Twin('TemporalConvolution', _temporal),
    'fbnn.Dropout': Twin('Dropout', lambda fields: {**fields, 'v2': False}),
    'fbnn.L2Normalize': Twin('Normalize', lambda fields: {**fields, 'p': 2, 'eps': 0}),
    'fbnn.LeakyReLU': Twin('LeakyReLU', lambda fields: {'_type': fields.get('_type'), 'negval': fields['weight'][0]}),
    'fbnn.SparseLinear': Twin('SparseLinear'),
    'inn.SpatialAveragePooling': Twin('SpatialAveragePooling', lambda fields: {**fields, 'ceil_mode': True}),
    'inn.SpatialCrossResponseNormalization': Twin('SpatialCrossMapLRN', _response),
    'inn.SpatialMaxPooling': Twin('SpatialMaxPooling', lambda fields: {**fields, 'ceil_mode': True}),
    'inn.SpatialSameResponseNormalization': Twin('Sequential'),
    'nn.DataParallel': Twin('DataParallelTable', _one_replica),
    'nn.LinearNB': Twin('Linear'),
    'nngraph.JustElement': Twin('SelectTable', lambda fields: {**fields, 'index': 1}),
}

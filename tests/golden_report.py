"""What `make golden` prints: of each section of Torch7's results, how many files agree, and how closely."""

from collections import defaultdict

import pytest
from golden_files import FOLDER, index
from trees import assert_close

SECTIONS = ('module', 'criterion', 'net', 'optim', 'rng', 'serial')

# Where we give something else than Torch7 on purpose, and why. Tests that compare look here; nothing else is let off.
DIFFERENCES = {
    'nn.SpatialDepthWiseConvolution(n, n, ...), gradParams_plus_half': 'in a second backward Torch7 overwrites half '
    'of gradWeight with the other half, where an input has as many planes as each of them gives',
    'serial/big_endian.t7, written again': 'is little-endian',
    'serial/function_legacy6.t7, written again': 'has no gap among its indices',
    'serial/long_size4.t7, written again': 'has longs of eight bytes',
    'serial/noncontiguous_ascii.t7, written again': 'lacks the last element of a storage, which no tensor has',
    'serial/noncontiguous_binary.t7, written again': 'lacks the last element of a storage, which no tensor has',
    'serial/offset_alone.t7, written again': 'lacks the elements of the storage around the tensor',
    'serial/tensor_version0.t7, written again': 'has versions',
}

_outcomes = defaultdict(set)
_errors = defaultdict(float)


@pytest.fixture
def closely(record_property):
    """trees.assert_close, which keeps the largest error for the report."""
    errors = [0.0]

    def check(ours, theirs, tolerance, what=''):
        errors.append(assert_close(ours, theirs, tolerance, what))

    yield check
    record_property('error', float(max(errors)))


def pytest_runtest_logreport(report):
    """Keep what became of a test that is about files of Torch7's."""
    for key, files in report.user_properties:
        if key == 'golden' and (report.when == 'call' or report.outcome != 'passed'):
            for file in files:
                _outcomes[file].add(report.outcome)
    errors = [value for key, value in report.user_properties if key == 'error']
    for key, files in report.user_properties:
        for file in files if key == 'golden' and errors else ():
            _errors[file] = max(_errors[file], *errors)


def pytest_collection_modifyitems(items):
    """Tell the report which files a test is about."""
    for item in items:
        for mark in item.iter_markers('golden'):
            item.user_properties.append(('golden', mark.args))


def pytest_terminal_summary(terminalreporter, config):
    """Print the table."""
    if config.option.markexpr != 'golden':
        return
    write = terminalreporter.write_line
    write(f'\nTorch7 and nnlite, in {FOLDER}:\n')
    write('| section | files | passed | failed | not run | largest error, double | float |')
    write('|---|---|---|---|---|---|---|')
    for section in SECTIONS:
        cases = index(section)
        outcomes = [_outcomes[case['file']] for case in cases]
        passed, failed = sum(o == {'passed'} for o in outcomes), sum('failed' in o for o in outcomes)
        errors = {'double': 0.0, 'float': 0.0}
        for case in cases:
            kind = 'float' if 'Float' in case.get('type', '') else 'double'
            errors[kind] = max(errors[kind], _errors[case['file']])
        shown = ' | '.join(f'{error:.1e}' if error else '' for error in errors.values())
        write(f'| {section} | {len(cases)} | {passed} | {failed} | {len(cases) - passed - failed} | {shown} |')
    write('\nDifferent on purpose:')
    for what, reason in DIFFERENCES.items():
        write(f'- {what}: {reason}')

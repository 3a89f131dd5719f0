"""The checks before the times: which tests are run, and what is said of them."""

import pytest

from nnlite.bench.on_gpu.checks import check, files
from nnlite.bench.on_gpu.folder import CHECKOUT

CONFTEST = """
import pytest

@pytest.fixture
def cupy():
    pass

def pytest_itemcollected(item):
    if 'cupy' in item.fixturenames:
        item.add_marker(pytest.mark.gpu)
"""

TESTS = """
import time

def test_passes(cupy):
    pass

def test_fails(cupy):
    assert False

def test_needs_no_gpu():
    assert False
"""


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / 'tests' / 'kernels').mkdir(parents=True)
    (tmp_path / 'pyproject.toml').write_text('[tool.pytest.ini_options]\nmarkers = ["gpu", "slow"]\n')
    (tmp_path / 'tests' / 'conftest.py').write_text(CONFTEST)
    (tmp_path / 'tests' / 'kernels' / 'test_first.py').write_text(TESTS)
    (tmp_path / 'tests' / 'test_other.py').write_text('def test_nothing(): pass')
    return tmp_path


def test_outcomes_are_counted_and_failures_named(checkout):
    result = check(checkout, 60, checkout / 'log')
    assert result['counts'] == {'passed': 1, 'failed': 1} and result['ended'] and result['files'] == 1
    assert result['failed'] == ['tests/kernels/test_first.py::test_fails']


def test_a_file_that_cannot_be_imported_is_an_error(checkout):
    (checkout / 'tests' / 'test_broken.py').write_text('import no_such_module  # cupy')
    result = check(checkout, 60, checkout / 'log')
    assert result['counts'] == {'passed': 1, 'failed': 1, 'error': 1}
    assert result['failed'][-1] == 'tests/test_broken.py'


def test_what_has_ended_counts_when_time_is_over(checkout):
    (checkout / 'tests' / 'test_slow.py').write_text('import time\ndef test_long(cupy): time.sleep(60)')
    result = check(checkout, 4, checkout / 'log')
    assert result['counts'] == {'passed': 1, 'failed': 1} and not result['ended']


def test_without_tests_there_are_no_checks(tmp_path):
    assert check(tmp_path, 60, tmp_path / 'log') is None


def test_the_most_telling_tests_come_first():
    names = [path.relative_to(CHECKOUT).as_posix() for path in files(CHECKOUT)]
    assert names[0] == 'tests/training/test_on_gpu.py'
    assert 'tests/kernels/test_on_cupy_convolution.py' in names and 'tests/optim/test_optimizers_on_gpu.py' in names
    assert not any('cuda_on_host' in name for name in names)

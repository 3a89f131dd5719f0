"""Choosing a family of kernels, and what each must have."""

import re
import subprocess
import sys

import pytest

import nnlite
from nnlite.kernels import AUTO, FAMILIES, family, on_numpy


@pytest.fixture(autouse=True)
def chosen():
    before = nnlite.getkernels()
    yield
    nnlite.setkernels(before)


def test_unknown_family_is_refused():
    with pytest.raises(nnlite.DeviceError, match=r"expected kernels auto or one of numpy.*, got 'abacus'"):
        nnlite.setkernels('abacus')


def test_chosen_family_is_used():
    nnlite.setkernels('numpy')
    assert nnlite.getkernels() == 'numpy' and family() is on_numpy
    nnlite.setkernels('auto')
    assert nnlite.getkernels() in AUTO


def test_a_family_that_cannot_be_imported_is_not_there(monkeypatch, tmp_path):
    (tmp_path / 'nnlite_broken.py').write_text("raise ImportError('Numba needs NumPy 2.4 or less')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(FAMILIES, 'numba', 'nnlite_broken')
    with pytest.raises(nnlite.DeviceError, match=r'cannot be imported: Numba needs NumPy 2\.4 or less'):
        nnlite.setkernels('numba')
    nnlite.setkernels('auto')
    assert nnlite.getkernels() == 'numpy'
    monkeypatch.undo()


def test_auto_is_the_first_that_is_there(monkeypatch):
    nnlite.setkernels('auto')
    best = nnlite.getkernels()
    for name in AUTO:
        try:
            nnlite.setkernels(name)
        except nnlite.DeviceError:
            continue
        assert name == best
        break
    monkeypatch.setitem(FAMILIES, 'numba', 'nnlite_has_no_such_package')
    nnlite.setkernels('auto')
    assert nnlite.getkernels() == 'numpy'
    monkeypatch.undo()


@pytest.mark.parametrize(('value', 'prints'), [('numpy', 'numpy'), ('abacus', "got 'abacus'")])
def test_environment_chooses(value, prints):
    code = 'import nnlite\ntry: print(nnlite.getkernels())\nexcept nnlite.DeviceError as error: print(error)'
    environment = {'NNLITE_KERNELS': value, 'PATH': ''}
    done = subprocess.run([sys.executable, '-c', code], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and prints in done.stdout, done


@pytest.mark.usefixtures('kernels')
def test_family_has_every_kernel_or_numpys():
    kernels = family()
    for kernel in on_numpy.__all__:
        assert callable(getattr(kernels, kernel))
        assert getattr(kernels, kernel).__doc__, f'{kernel} does not say what it computes'


def test_kernels_are_exported_and_what_is_small_is_not():
    assert {'Convolution_updateOutput', 'Linear_accGradParameters'} <= set(on_numpy.__all__)
    assert all(re.fullmatch(r'[A-Z]\w+_[a-z]\w+', kernel) for kernel in on_numpy.__all__)


def test_setprecise_remembers():
    nnlite.setprecise(True)
    assert nnlite.getprecise() is True
    nnlite.setprecise(False)
    assert nnlite.getprecise() is False

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnlite
from nnlite.cli import COMMANDS, main


@pytest.mark.parametrize('command', COMMANDS)
def test_help_shows_an_example(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, '--help'])
    assert ended.value.code == 0
    assert f'example:\n  nnlite {command}' in capsys.readouterr().out


@pytest.mark.parametrize('line', [[], ['fly'], ['train', '--depth', 'deep'], ['study', 'slow'], ['test']])
def test_bad_usage_is_2(line, capsys):
    with pytest.raises(SystemExit) as ended:
        main(line)
    assert ended.value.code == 2
    assert 'usage: nnlite' in capsys.readouterr().err


def test_a_missing_file_is_one_line_and_2(tmp_path, capsys):
    assert main(['test', str(tmp_path / 'none.t7'), '--data', 'none.h5']) == 2
    assert capsys.readouterr().err == f'nnlite: No such file or directory: {tmp_path / "none.t7"}\n'


def test_python_m_nnlite_is_the_command():
    done = subprocess.run([sys.executable, '-m', 'nnlite', '--help'], capture_output=True, text=True)
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)


def test_help_loads_nothing_heavy():
    program = (
        'import sys; from nnlite.cli import parser; parser();'
        'print({"h5py", "matplotlib", "PIL", "tqdm", "torch"} & set(sys.modules))'
    )
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert done.stdout == 'set()\n', done.stderr


def test_a_clone_that_is_not_installed_says_what_to_do(tmp_path):
    # -S keeps what is installed out, and with it the finder of an editable install.
    here = Path(nnlite.__file__).parent
    shutil.copytree(here, tmp_path / 'nnlite', ignore=shutil.ignore_patterns('__pycache__', 'models', 'data_prep'))
    program = (
        f'import sys; sys.path += [{str(Path(np.__file__).parents[1])!r}];'
        'import runpy; runpy.run_module("nnlite", run_name="__main__")'
    )
    line = [sys.executable, '-S', '-c', program]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == 'nnlite is not installed: run  pip install -e .  in its folder first\n'


@pytest.mark.skipif(os.name != 'posix', reason='needs a shell that closes files')
def test_nobody_to_tell_is_no_error(tmp_path):
    line = f'{sys.executable} -m nnlite prep shapes --size 16 --train 10 --val 0 --out {tmp_path}/shapes.h5 >&- 2>&-'
    assert subprocess.run(line, shell=True).returncode == 0
    assert (tmp_path / 'shapes.h5').exists()

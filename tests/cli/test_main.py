import subprocess
import sys

import pytest

from nnlite.cli import COMMANDS, main


@pytest.mark.parametrize('command', COMMANDS)
def test_help_shows_an_example(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, '--help'])
    assert ended.value.code == 0
    assert f'example:\n  nnlite {command} ' in capsys.readouterr().out


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

import signal
import subprocess
import sys

from nnlite.cli import main

STUDY = ['study', 'quick', '--epochs', '1', '--limit', '20']


def test_it_prints_the_table_and_says_where_the_rest_is(shapes, tmp_path, capsys):
    folder = tmp_path / 'out'
    assert main([*STUDY, '--data', shapes, '--out', str(folder)]) == 0
    out = capsys.readouterr().out
    assert 'run 4 of 4: convnet of ' in out
    assert '| ResNet |' in out and '| ConvNet |' in out and 'What the paper reports' in out
    assert str(folder) in out
    assert sorted(path.name for path in folder.iterdir()) == ['curves.png', 'results.csv', 'study.json', 'table.md']
    assert main([*STUDY, '--data', shapes, '--out', str(folder), '--quiet']) == 0
    assert capsys.readouterr().out == ''


def test_ctrl_c_is_130_and_the_same_command_goes_on(shapes, tmp_path):
    line = [sys.executable, '-u', '-m', 'nnlite', *STUDY, '--data', shapes, '--out', str(tmp_path / 'out')]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        for said in process.stdout:
            if said.startswith('run 3 of 4'):
                process.send_signal(signal.SIGINT)
                break
        process.stdout.read()
    assert process.returncode == 130
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    assert 'run 2 of 4' not in done.stdout and 'run 4 of 4' in done.stdout


def test_a_study_that_needs_data_says_how_to_make_some(tmp_path, capsys):
    assert main(['study', 'cifar-shallow', '--out', str(tmp_path / 'out')]) == 2
    assert 'nnlite prep' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()

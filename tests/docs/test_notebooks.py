"""The tutorial's notebooks are those of its chapters, without output, and run."""

import doctest
import importlib.util
from pathlib import Path

import pytest

nbformat = pytest.importorskip('nbformat')
TUTORIAL = Path(__file__).parents[2] / 'docs' / 'tutorial'

spec = importlib.util.spec_from_file_location('notebook', TUTORIAL / 'notebook.py')
notebook = importlib.util.module_from_spec(spec)
spec.loader.exec_module(notebook)


@pytest.mark.parametrize('chapter', notebook.CHAPTERS, ids=lambda path: path.stem)
def test_notebook_is_that_of_the_chapter(chapter):
    made = notebook.notebook(chapter.read_text(encoding='utf-8'))
    nbformat.validate(made)
    assert all(cell.cell_type == 'markdown' or not cell.outputs for cell in made.cells)
    kept = chapter.with_suffix('.ipynb').read_text(encoding='utf-8')
    assert kept == nbformat.writes(made) + '\n', 'run `python docs/tutorial/notebook.py`'


def test_notebooks_are_those_of_the_chapters_alone():
    assert {path.stem for path in TUTORIAL.glob('*.ipynb')} == {path.stem for path in notebook.CHAPTERS}


@pytest.mark.parametrize('chapter', notebook.CHAPTERS, ids=lambda path: path.stem)
def test_notebook_runs(chapter, tmp_path, monkeypatch):
    """Each cell prints what the chapter says."""
    nbclient = pytest.importorskip('nbclient')
    pytest.importorskip('ipykernel')
    monkeypatch.setenv('IPYTHONDIR', str(tmp_path / 'ipython'))  # where it keeps what was typed
    ran = nbformat.read(chapter.with_suffix('.ipynb'), as_version=4)
    resources = {'metadata': {'path': str(tmp_path)}}
    nbclient.NotebookClient(ran, timeout=300, startup_timeout=300, resources=resources).execute()
    cells = [cell for cell in ran.cells if cell.cell_type == 'code']
    blocks = notebook.BLOCK.finditer(chapter.read_text(encoding='utf-8'))
    for cell, block in zip(cells, blocks, strict=True):
        # On stderr it says so where kernels are compiled first.
        printed = ''.join(output.text for output in cell.outputs if output.get('name') != 'stderr')
        assert doctest.OutputChecker().check_output(block['output'] or '', printed, doctest.ELLIPSIS), cell.source

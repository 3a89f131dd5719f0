"""Make the notebooks of the tutorial from its chapters: each block of Python becomes a cell, without its output.

    python docs/tutorial/notebook.py        (a second; needs nbformat)

Run it after a change to a chapter; a test compares.
"""

import re
from pathlib import Path

import nbformat
from nbformat import v4

FOLDER = Path(__file__).parent
CHAPTERS = sorted(FOLDER.glob('[0-9]-*.md'))
# A block of Python, and what it prints, if that stands right below it.
BLOCK = re.compile(r'^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<output>.*?)^```\n)?', re.MULTILINE | re.DOTALL)


def notebook(text):
    """Return a chapter as a notebook."""
    cells, place = [], 0
    for block in BLOCK.finditer(text):
        cells += [v4.new_markdown_cell(_prose(text[place : block.start()])), v4.new_code_cell(block['code'].rstrip())]
        place = block.end()
    cells.append(v4.new_markdown_cell(_prose(text[place:])))
    cells = [cell for cell in cells if cell.source]
    for number, cell in enumerate(cells, 1):
        cell.id = f'cell-{number}'  # nbformat's own are drawn by chance
    kernel = {'display_name': 'Python 3', 'language': 'python', 'name': 'python3'}
    return v4.new_notebook(cells=cells, metadata={'kernelspec': kernel, 'language_info': {'name': 'python'}})


def _prose(text):
    """Return text between blocks, in which the other chapters are notebooks too."""
    return re.sub(r'\((\d-[\w-]+)\.md', r'(\1.ipynb', text).strip()


def main():
    for chapter in CHAPTERS:
        nbformat.write(notebook(chapter.read_text(encoding='utf-8')), chapter.with_suffix('.ipynb'))
        print(chapter.with_suffix('.ipynb').name)


if __name__ == '__main__':
    main()

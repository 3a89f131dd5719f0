"""A hook of mkdocs: the pages that are made when the site is built, the home page and the reference.

The home page is README.md. The reference has a heading, a signature and a `:::` line for each public name; what follows
them is mkdocstrings', from the docstrings.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))  # mkdocs runs a hook by its path, not as a part of a package
from docstrings import prose
from families import FAMILIES, MODULES, PACKAGES

ROOT = Path(__file__).parents[2]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    for name, text in pages():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_content(html: str, **kwargs: Any) -> str:
    """Leave source code out of the search, which finds names where they are explained."""
    return html.replace(
        '<details class="mkdocstrings-source">', '<details class="mkdocstrings-source" data-search-exclude>'
    )


def pages() -> Iterator[tuple[str, str]]:
    """Yield (path, Markdown) of each page that is made."""
    yield 'index.md', home((ROOT / 'README.md').read_text(encoding='utf-8'))
    for family, (title, about, headings) in FAMILIES.items():
        parts = [f'# {title}\n\n{about}']
        for heading, names in headings.items():
            parts.append(f'## {heading}')
            parts += section('nnlite.nn', names.split(), level=3)
        yield f'reference/{family}.md', '\n\n'.join(parts)
    for package, (title, headings) in PACKAGES.items():
        module = importlib.import_module(package)
        parts = [f'# {title}', '\n'.join(source_option(package, ['members: false']))]
        for heading, names in headings.items():
            parts.append(f'## {heading}')
            parts += section(package, names.split(), level=3)
        if not headings:
            parts += section(package, module.__all__, level=2)
        yield f'reference/{package.removeprefix("nnlite.")}.md', '\n\n'.join(parts)
    parts = ['# Functions of nn', 'Modules of functions that Torch keeps beside the layers.']
    for name, title in MODULES.items():
        parts += [f'## {title}', '\n'.join(source_option(name, ['heading_level: 3', 'show_source: false']))]
    yield 'reference/functions.md', '\n\n'.join(parts)


def home(readme: str) -> str:
    """Return the README as a page of docs/: what it says of files in docs/ becomes links to pages."""
    text = re.sub(r'`docs/([\w-]+)\.md`', r'[\1](\1.md)', readme)
    return text.replace('](docs/', '](')


def section(package: str, names: Iterable[str], level: int) -> list[str]:
    """Return the parts of a page that show some names of a package: a list of them, and each with its docstring."""
    things = [(shown(package, name), getattr(importlib.import_module(package), name)) for name in names]
    parts = ['\n'.join(f'- [{name}](#{name}): {first_line(thing)}' for name, thing in things)]
    for name, thing in things:
        parts.append(f'{"#" * level} {name} {{ #{name} }}')
        if not callable(thing):  # a constant
            parts.append(f'```python\n{name} = {thing!r}\n```')
            continue
        parts.append(f'```{{ .python .signature }}\n{name}{signature(thing)}\n```')
        kind = inspect.unwrap(thing)
        path = f'{kind.__module__}.{kind.__qualname__}'
        options = [f'heading_level: {level + 1}']
        if name == 'nnlite.Generator':  # its methods are the functions above
            options.append('members: false')
        parts.append('\n'.join(source_option(path, options)))
    return parts


def source_option(path: str, options: list[str]) -> list[str]:
    """Return mkdocstrings' lines for a name; what is nnlite.models when installed lies in models/."""
    for folder in ('models', 'data_prep'):
        path = re.sub(rf'^nnlite\.{folder}\b', folder, path)
    return [f'::: {path}', '    options:', *(f'      {option}' for option in options)]


def shown(package: str, name: str) -> str:
    """Return how a reader writes a name: nn.Linear, nnlite.load, trace.record."""
    return f'{package.removeprefix("nnlite.")}.{name}'


def signature(thing: Any) -> str:
    """Return the arguments of a function or class, without types: docstrings say more, and a line has room for less."""
    empty = inspect.Parameter.empty
    found = inspect.signature(thing)
    plain = [parameter.replace(annotation=empty) for parameter in found.parameters.values()]
    return str(found.replace(parameters=plain, return_annotation=empty))


def first_line(thing: Any) -> str:
    """Return what a name is, in a few words: of a class of nn, that is what its file says of itself."""
    if not callable(thing):
        return 'a constant.'
    of_nn = inspect.isclass(thing) and thing.__module__.startswith('nnlite.nn.')
    text = inspect.cleandoc((sys.modules[thing.__module__] if of_nn else thing).__doc__)
    return prose(text.partition('\n\n')[0].replace('\n', ' '), thing.__name__)

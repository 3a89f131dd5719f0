"""An extension of griffe, which reads the docstrings for mkdocstrings: our docstrings as Markdown.

They are written for the eye: a formula in the first line, `Shapes:` and `Source:` in front of a sentence, examples as a
Python session, brackets and asterisks that mean what they mean in Python.
"""

import re
from typing import Any

import griffe

import nnlite
from nnlite import nn, optim

NAMES = {
    f'{package}.{name}'
    for package, module in (('nn', nn), ('nnlite', nnlite), ('optim', optim))
    for name in module.__all__
}
SPECIAL = re.compile(r'([\\\[\]*_<>|#])')
CODE = re.compile(r'(`[^`]*`)')
TITLES = {griffe.DocstringSectionKind.parameters: 'Arguments:'}  # the parameters of a layer are its weights
NAME = re.compile(r'\b(?:nn|nnlite|optim)\.(\w+)\b')


class Docstrings(griffe.Extension):
    """Parses each docstring as Google's style has it, and turns its prose into Markdown."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Give an object the sections of its docstring."""
        if obj.docstring is None:
            return
        sections = griffe.parse_google(
            obj.docstring, warnings=False, returns_multiple_items=False, returns_named_value=False
        )
        for number, section in enumerate(sections):
            if section.kind is griffe.DocstringSectionKind.text:
                section.value = markdown(section.value, obj.name, first=number == 0)
            elif section.kind is griffe.DocstringSectionKind.admonition:
                section.value.contents = markdown(section.value.contents, obj.name)
            else:
                for item in section.value:
                    item.description = prose(item.description, obj.name)
                    if section.kind is griffe.DocstringSectionKind.raises:  # several, as they are written
                        item.annotation = str(item.annotation).strip('()')
                section.title = TITLES.get(section.kind)
        obj.docstring.parsed = [
            griffe.DocstringSectionText(f'**Returns:** {section.value[0].description}')
            if section.kind is griffe.DocstringSectionKind.returns
            else section
            for section in sections
        ]


def markdown(text: str, name: str, first: bool = False) -> str:
    """Return the text of the docstring of `name` as Markdown; its first text may begin with a formula.

    >>> print(markdown('y = 2 x.', 'f', first=True))
    y = 2 x.
    { .formula }
    >>> markdown('Shapes: as in nn.Linear.', 'f')
    '**Shapes:** as in [nn.Linear][].'
    """
    done = []
    for number, paragraph in enumerate(re.split(r'\n\s*\n', text)):
        if paragraph.startswith('>>>'):
            done.append(f'```pycon\n{paragraph}\n```')
        elif paragraph.startswith('    '):  # formulas in lines of their own
            done.append('```text\n' + re.sub(r'^    ', '', paragraph, flags=re.MULTILINE) + '\n```')
        else:
            label = re.match(r'(Shapes|Source): ', paragraph)
            rest = prose(paragraph[label.end() :] if label else paragraph, name)
            done.append(f'**{label[1]}:** {rest}' if label else rest)
            if first and number == 0 and ' = ' in paragraph:
                done[-1] += '\n{ .formula }'
    return '\n\n'.join(done)


def prose(text: str, name: str) -> str:
    r"""Return a text that Markdown leaves as it is, but for code in backticks and public names, which become links.

    >>> print(prose('x[i] of `x[j]`, and nn.ReLU, go to nn.Tanh', 'ReLU'))
    x\[i\] of `x[j]`, and nn.ReLU, go to [nn.Tanh][]
    """
    parts = CODE.split(text)
    for number in range(0, len(parts), 2):
        plain = SPECIAL.sub(r'\\\1', parts[number]).replace(r'\<', '&lt;').replace(r'\|', '&#124;')
        parts[number] = NAME.sub(lambda found: link(*found.group(0, 1), name), plain)
    return ''.join(parts)


def link(whole: str, short: str, name: str) -> str:
    """Return a public name as a link to where it stands, unless it stands right here."""
    return f'[{whole}][]' if whole in NAMES and short != name else whole

"""The `nnlite` command: one file a subcommand, each with `EXAMPLE`, `add_arguments(parser)` and `run(args)`."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence

from nnlite.errors import Error
from nnlite.kernels import setquiet

COMMANDS = (
    'prep',
    'train',
    'test',
    'classify',
    'features',
    'study',
    'trace',
    'explain',
    'summary',
    'inspect',
    'convert',
    'bench',
    'devices',
    'warmup',
)

# Names and texts in files of strangers may hold what would change the colours of a terminal, or move its cursor.
_CONTROLS = {code: f'\\x{code:02x}' for code in (*range(32), *range(127, 160)) if chr(code) not in '\t\n'}


class _Help(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Show defaults where there are some, and leave the example's lines as they are."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        is_plain = action.default in (None, False) or action.default is argparse.SUPPRESS
        return action.help if is_plain else super()._get_help_string(action)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command; a subcommand's help is its module's docstring."""
    whole = argparse.ArgumentParser(
        prog='nnlite', description="Torch7's nn in Python: residual networks and their twins."
    )
    commands = whole.add_subparsers(metavar='COMMAND', required=True)
    for name in COMMANDS:
        module = importlib.import_module(f'nnlite.cli.{name}')
        description = (module.__doc__ or '').strip()
        sub = commands.add_parser(
            name,
            help=description.splitlines()[0],
            description=description,
            epilog=f'example:\n  {module.EXAMPLE}',
            formatter_class=_Help,
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 0 done, 1 a check failed, 2 bad usage or input, 130 interrupted."""
    _settle_streams()
    try:
        args = parser().parse_args(argv)
        setquiet(getattr(args, 'quiet', False))
        return args.run(args) or 0
    except Error as error:
        print(f'nnlite: {error}'.translate(_CONTROLS), file=sys.stderr)
    except BrokenPipeError:
        # Whoever read our output has gone (`nnlite summary ... | head`): nothing is wrong, and nobody is listening.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f'nnlite: {error.strerror or error}' + (f': {error.filename}' if error.filename else ''), file=sys.stderr)
    except MemoryError as error:
        from nnlite.training.gpu_memory import is_of_gpu  # a clone that is not installed has no nnlite.training

        if is_of_gpu(error):
            print(f'nnlite: expected memory on the GPU, got too little: {error}', file=sys.stderr)
            print(
                '  hint: a smaller --batch needs less; nvidia-smi shows what else is there; or --device cpu',
                file=sys.stderr,
            )
        else:
            print('nnlite: out of memory; a smaller --batch or --limit needs less', file=sys.stderr)
    except KeyboardInterrupt:
        print('nnlite: interrupted', file=sys.stderr)
        return 130
    return 2


def _settle_streams() -> None:
    """Let nothing fail only because it cannot be told: no stream at all (`2>&-`), or one that lacks the letters."""
    # What is opened first gets the closed stream's own number, which no data file should have.
    for name in ('stdout', 'stderr'):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), 'w'))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors='backslashreplace')

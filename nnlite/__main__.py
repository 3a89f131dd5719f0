"""`python -m nnlite` is the `nnlite` command."""

import sys

from nnlite.cli import main

try:
    status = main()
except ModuleNotFoundError as missing:
    if missing.name not in ('nnlite.models', 'nnlite.data_prep'):
        raise
    sys.exit('nnlite is not installed: run  pip install -e .  in its folder first')

sys.exit(status)

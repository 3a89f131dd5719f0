"""The folder of a benchmark: its tables, numbers and pictures."""

import os
from pathlib import Path

from nnlite.bench.cases import GROWTH, Layer, Network, growing
from nnlite.bench.contestants import FUSED, family_of
from nnlite.bench.interleaved import Settings, import_seconds, measure
from nnlite.bench.report import (
    draw_growth,
    draw_networks,
    growth_table,
    head,
    layers_table,
    networks_table,
    write_rows,
)
from nnlite.training.progress import Progress
from nnlite.whole_file import whole_file


class BenchFolder:
    """What is measured is written into it, and printed; what it has of an earlier measurement is replaced.

    Args:
        path: the folder; it is made if it is not there.
        contestants: who is measured.
        settings: how.
        quiet: print nothing.
    """

    def __init__(
        self, path: str | os.PathLike[str], contestants: list[str], settings: Settings, quiet: bool = False
    ) -> None:
        self.path, self.contestants, self.settings = Path(path), contestants, settings
        self.progress = Progress(quiet)
        self.path.mkdir(parents=True, exist_ok=True)

    def measure_networks(self, cases: list[Network]) -> None:
        """Measure steps of whole networks: table.md, results.csv and steps.png.

        Raises:
            Error: a contestant could not compute a case.
        """
        families = dict.fromkeys(map(family_of, self.contestants))
        imports = {family: import_seconds(family, self.settings.rounds) for family in families}
        groups = [measure(case, self.contestants, self.settings, self.progress) for case in cases]
        self._write('table.md', 'Steps of whole networks', networks_table(groups, imports))
        write_rows(self.path / 'results.csv', groups)
        draw_networks(self.path / 'steps.png', groups)

    def measure_layers(self, cases: list[Layer]) -> None:
        """Measure the passes of single convolutions, which optnet leaves as they are: layers.md and layers.csv."""
        contestants = [contestant for contestant in self.contestants if not contestant.endswith(FUSED)]
        groups = [measure(case, contestants, self.settings, self.progress) for case in cases]
        self._write('layers.md', 'Single convolutions', layers_table(groups))
        write_rows(self.path / 'layers.csv', groups)

    def measure_growth(self, batch: int) -> None:
        """Measure how the time of a step grows with depth, width and batch: growth.md, growth.csv and growth.png.

        Args:
            batch: the images in a step where it is not the batch that grows.
        """
        growth = {
            what: [
                (amount, measure(case, self.contestants, self.settings, self.progress))
                for amount, case in growing(what, batch)
            ]
            for what in GROWTH
        }
        self._write('growth.md', f'What a block adds to a training step, batch {batch}', growth_table(growth['depth']))
        write_rows(self.path / 'growth.csv', [results for points in growth.values() for _, results in points])
        draw_growth(self.path / 'growth.png', growth)

    def _write(self, name: str, title: str, table: list[str]) -> None:
        text = '\n'.join([f'# {title}', '', *head(self.contestants, self.settings), '', *table, ''])
        with whole_file(self.path / name) as file:
            file.write(text.encode())
        self.progress.say(text)

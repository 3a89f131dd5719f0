"""The folder of a benchmark: its tables, numbers and pictures."""

import os
from pathlib import Path

from nnlite.bench.cases import GROWTH, Layer, Network, growing
from nnlite.bench.contestants import FUSED, family_of
from nnlite.bench.interleaved import Result, Settings, import_seconds, measure
from nnlite.bench.loading import Rates, loading_rows, loading_table, measure_loading, write_loading
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
    """What is measured is written into it, case by case, and printed at the end; earlier tables are replaced.

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
        self.networks: dict[Network, list[Result]] = {}
        self.path.mkdir(parents=True, exist_ok=True)

    def measure_networks(self, cases: list[Network]) -> None:
        """Measure steps of whole networks: table.md, results.csv and steps.png.

        Raises:
            Error: a contestant could not compute a case.
        """
        families = dict.fromkeys(map(family_of, self.contestants))
        imports = {family: import_seconds(family, self.settings.rounds) for family in families}
        for case in cases:
            self.networks[case] = self._measure(case)
            groups = list(self.networks.values())
            write_rows(self.path / 'results.csv', groups)
            draw_networks(self.path / 'steps.png', groups)
            text = self._write('table.md', 'Steps of whole networks', networks_table(groups, imports))
        self.progress.say(text)

    def measure_loading(self) -> None:
        """Measure the loader beside the networks that were measured: loading.md and loading.csv."""
        rates: dict[tuple[int, int], Rates] = {}
        rows = []
        for case, results in self.networks.items():
            if (case.size, case.batch) not in rates:
                self.progress.say(f'the loader, {case.batch} images of {case.size} pixels')
                rates[case.size, case.batch] = measure_loading(case, self.settings)
            rows += loading_rows(results, rates[case.size, case.batch])
        write_loading(self.path / 'loading.csv', rows)
        text = self._write('loading.md', 'What the loader makes ready', loading_table(rows))
        self.progress.say(text)

    def measure_layers(self, cases: list[Layer]) -> None:
        """Measure the passes of single convolutions, which optnet leaves as they are: layers.md and layers.csv."""
        contestants = [contestant for contestant in self.contestants if not contestant.endswith(FUSED)]
        groups: list[list[Result]] = []
        for case in cases:
            groups.append(measure(case, contestants, self.settings, self.progress))
            write_rows(self.path / 'layers.csv', groups)
            text = self._write('layers.md', 'Single convolutions', layers_table(groups))
        self.progress.say(text)

    def measure_growth(self, batch: int) -> None:
        """Measure how the time of a step grows with depth, width and batch: growth.md, growth.csv and growth.png.

        Args:
            batch: the images in a step where it is not the batch that grows.
        """
        growth: dict[str, list[tuple[int, list[Result]]]] = {}
        for what in GROWTH:
            growth[what] = [(amount, self._measure(case)) for amount, case in growing(what, batch)]
            write_rows(self.path / 'growth.csv', [results for points in growth.values() for _, results in points])
            draw_growth(self.path / 'growth.png', growth)
        table = growth_table(growth['depth'])
        self.progress.say(self._write('growth.md', f'What a block adds to a training step, batch {batch}', table))

    def _measure(self, case: Network) -> list[Result]:
        return measure(case, self.contestants, self.settings, self.progress)

    def _write(self, name: str, title: str, table: list[str]) -> str:
        """Write a table under its title and what it was measured on; return that text."""
        text = '\n'.join([f'# {title}', '', *head(self.contestants, self.settings), '', *table, ''])
        with whole_file(self.path / name) as file:
            file.write(text.encode())
        return text

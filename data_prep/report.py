"""What a preparation did."""

from dataclasses import dataclass, field


@dataclass
class Report:
    """The images written to each split, what was broken ('name: reason'), and the files that were no pictures."""

    sizes: dict[str, int]
    broken: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

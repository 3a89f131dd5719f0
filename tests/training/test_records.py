import pytest

from nnlite.errors import FileFormatError
from nnlite.training.records import EPOCH_COLUMNS, read_records, write_records

ROWS = [
    {'epoch': 1, 'learning_rate': 0.1, 'train_loss': 2.5, 'train_top1': 12.5, 'seconds': 1.25},
    {'epoch': 2, 'learning_rate': 0.01, 'train_loss': 1.5, 'train_top1': 50.0, 'val_top1': 40.0},
]


def test_rows_come_back_as_they_were_written(tmp_path):
    write_records(tmp_path / 'log.csv', EPOCH_COLUMNS, ROWS)
    assert read_records(tmp_path / 'log.csv', EPOCH_COLUMNS) == ROWS
    assert len((tmp_path / 'log.csv').read_text().splitlines()) == 3


@pytest.mark.parametrize(
    'text, said',
    [
        ('', 'an empty file'),
        ('a,b\n1,2\n', 'got a,b'),
        (','.join(EPOCH_COLUMNS) + '\n1,2\n', 'line 2'),
        (','.join(EPOCH_COLUMNS) + '\nx' + ',' * (len(EPOCH_COLUMNS) - 1) + '\n', 'line 2'),
        ('\xff', 'expected CSV'),
    ],
)
def test_a_foreign_file_is_one_clear_error(tmp_path, text, said):
    (tmp_path / 'log.csv').write_bytes(text.encode('latin-1'))
    with pytest.raises(FileFormatError, match=said):
        read_records(tmp_path / 'log.csv', EPOCH_COLUMNS)

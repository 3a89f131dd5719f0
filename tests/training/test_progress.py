import io

from nnlite.training.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def show(monkeypatch, quiet):
    terminal = Terminal()
    monkeypatch.setattr('sys.stderr', terminal)
    with Progress(quiet).bar('epoch 3', total=100, done=40) as bar:
        bar.update(60)
        bar.refresh()
    return terminal.getvalue()


def test_a_terminal_sees_images_a_second_and_the_time_left(monkeypatch):
    shown = show(monkeypatch, quiet=False)
    assert 'epoch 3' in shown and '40/100' in shown and '100/100' in shown and 'images/s' in shown
    assert '<' in shown  # tqdm's elapsed<left


def test_quiet_shows_nothing(monkeypatch):
    assert show(monkeypatch, quiet=True) == ''

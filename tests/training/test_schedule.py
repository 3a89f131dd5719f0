import pytest

from nnlite.training import step_schedule


def test_the_schedule_of_164_epochs_is_fb_resnet_torchs():
    for epoch in range(1, 165):
        decay = 2 if epoch >= 122 else 1 if epoch >= 81 else 0
        assert step_schedule(epoch, 164, 0.1) == pytest.approx(0.1 * 0.1**decay, rel=1e-15)


@pytest.mark.parametrize('epochs', range(1, 60))
def test_any_number_of_epochs_begins_at_the_full_rate_and_never_rises(epochs):
    rates = [step_schedule(epoch, epochs, 0.1) for epoch in range(1, epochs + 1)]
    assert rates[0] == 0.1
    assert rates == sorted(rates, reverse=True)
    # an epoch has the rate that is due when it begins, so that short runs do not slow down before they have begun
    assert 0 <= rates.count(0.1) - epochs * 80 / 164 < 1

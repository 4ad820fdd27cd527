"""Dead units are turned towards badly reconstructed examples, as the formulas say, and speak again."""

import numpy as np
import pytest

from miniae import fit
from miniae.models import JumpReLUDictionary, L1Dictionary, TopKDictionary
from miniae.resampling import ResampleDeadUnits
from miniae.training import Epoch, History

X = np.random.default_rng(0).normal(size=(200, 4))
DEAD = np.array([True, False, True, False, True, False])


def with_dead_units():
    model = L1Dictionary(4, 6, strength=0.1)
    p = model.layout.views(model.theta)
    p["b1"][...] = np.where(DEAD, -1e4, 0.2)
    p["b2"][...] = [0.1, -0.2, 0.3, 0.0]
    return model, p


def test_the_formulas():
    model, p = with_dead_units()
    before = {name: view.copy() for name, view in p.items()}
    resampling = ResampleDeadUnits(X, every=1, until=1)
    resampling(Epoch(1, model, History()))
    assert resampling.counts == [3]
    seen = (X - p["b2"]) / np.linalg.norm(X - p["b2"], axis=1, keepdims=True)
    for h in np.flatnonzero(DEAD):
        assert np.isclose(seen @ p["w2"][h], 1, rtol=0, atol=1e-14).any()  # one of the examples' directions
    length = 0.2 * np.linalg.norm(before["w1"][:, ~DEAD], axis=0).mean()
    np.testing.assert_allclose(p["w1"][:, DEAD], length * p["w2"][DEAD].T, rtol=1e-13)
    assert not p["b1"][DEAD].any()
    np.testing.assert_array_equal(p["w1"][:, ~DEAD], before["w1"][:, ~DEAD])
    np.testing.assert_array_equal(p["w2"][~DEAD], before["w2"][~DEAD])
    np.testing.assert_array_equal(p["b1"][~DEAD], before["b1"][~DEAD])
    assert (model.encode(X) > 0).any(axis=0).all()


def test_a_jump_relu_unit_gets_a_fifth_of_the_mean_threshold():
    model = JumpReLUDictionary(4, 6, strength=0.1, initial=0.5)
    p = model.layout.views(model.theta)
    p["b1"][...] = np.where(DEAD, -1e4, 0.2)
    p["log_threshold"][...] = np.log([9, 0.1, 9, 0.2, 9, 0.6])
    ResampleDeadUnits(X, every=1, until=1)(Epoch(1, model, History()))
    np.testing.assert_allclose(model.thresholds, [0.06, 0.1, 0.06, 0.2, 0.06, 0.6], rtol=1e-12)
    assert (model.encode(X) > 0).any(axis=0).all()


def test_all_dead_start_again():
    model, p = with_dead_units()
    p["b1"][...] = -1e4
    ResampleDeadUnits(X, every=1, until=1)(Epoch(1, model, History()))
    assert (model.encode(X) > 0).any(axis=0).all()


def test_the_example_with_nearly_all_the_error_is_the_one_drawn():
    """Errors of 1e4 and about 1: squared, the odds against any other are about 1e8 to 200."""
    model, p = with_dead_units()
    x = np.vstack([X, 100 * np.ones((1, 4))])
    ResampleDeadUnits(x, every=1, until=1)(Epoch(1, model, History()))
    wanted = (x[-1] - p["b2"]) / np.linalg.norm(x[-1] - p["b2"])
    np.testing.assert_allclose(p["w2"][DEAD], np.tile(wanted, (3, 1)), rtol=1e-12)


def test_only_in_the_epochs_asked_for():
    model, _ = with_dead_units()
    resampling = ResampleDeadUnits(X, every=2, until=5)
    fit(model, X, epochs=9, callbacks=[resampling], progress=False)
    assert len(resampling.counts) == 2  # after epochs 2 and 4
    assert resampling.counts[0] == 3


def test_without_it_they_stay_dead():
    model, _ = with_dead_units()
    fit(model, X, epochs=9, progress=False)
    np.testing.assert_array_equal((model.encode(X) > 0).any(axis=0), ~DEAD)


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(ValueError, match="every must be at least 1 epoch, got 0"):
        ResampleDeadUnits(X, every=0, until=1)
    with pytest.raises(TypeError, match="must be an L1Dictionary or a JumpReLUDictionary, got TopKDictionary"):
        ResampleDeadUnits(X, every=1, until=1)(Epoch(1, TopKDictionary(4, 6, 2), History()))

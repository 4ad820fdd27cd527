"""Slips of users that once went unnoticed, or were noticed too late: each is refused before anything has changed."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from miniae import check, fit
from miniae.anomaly import AnomalyDetector, Threshold
from miniae.callbacks import EarlyStopping
from miniae.cli import app
from miniae.data import PCA
from miniae.diverged import TrainingDiverged
from miniae.layers import Dense, ReLU, Sigmoid
from miniae.lbfgs import lbfgs
from miniae.metrics import dead_units, explained_variance, fvu, l0, precision_at_n, purity
from miniae.models import (
    ICA,
    RICA,
    Autoencoder,
    DeepAutoencoder,
    GenerativeAdversarialNetwork,
    KSparseAutoencoder,
    L1Dictionary,
    SoftmaxRegression,
    SparseAutoencoder,
    SparseCoding,
    StackedAutoencoder,
    TopKDictionary,
    VariationalAutoencoder,
)
from miniae.plots import latent_grid, point_clouds, roc_curve, scatter, score_histogram
from miniae.systems import SYSTEMS
from miniae.systems.system import Figure, System
from miniae.units import maximizing_input, units

pytestmark = pytest.mark.bad_input

X = np.random.default_rng(0).uniform(size=(7, 8))
LABELS = np.arange(7) % 3


def gan():
    layers = [Dense(3, 8), ReLU(), Dense(8, 8)], [Dense(8, 8), ReLU(), Dense(8, 1)]
    return GenerativeAdversarialNetwork(*layers, latent=3)


def sparse():
    return SparseAutoencoder(8, 5, rho=0.1, beta=0.1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        # PCA: a constant feature whose mean is off by a rounding
        (lambda: PCA(np.full((3, 1), 0.1)).whiten(np.array([[0.2]])), ValueError, "feature 0 is constant"),
        (lambda: PCA(np.full((3, 2), 0.1)).share(1), ValueError, "every feature is constant"),
        # what is not there, or is not what it should be
        (lambda: SoftmaxRegression(8, 3).accuracy(X, None), ValueError, "target is missing"),
        (lambda: SoftmaxRegression(8, 3).accuracy(X, LABELS + 1), ValueError, "labels from 0 to 2, got 3"),
        (lambda: StackedAutoencoder(8, (6, 5), 3).accuracy(X, LABELS[:, None]), ValueError, "one label for each"),
        (lambda: fit(sparse(), None), TypeError, "x must be a float32 or float64 array, got None"),
        (lambda: fit(SparseCoding(8, 5), X), TypeError, "model must be a Model, got SparseCoding"),
        (lambda: sparse().cost([0.0], X), ValueError, r"theta must be an array of shape \(93,\) .* got list"),
        # widths that would broadcast
        (lambda: L1Dictionary(8, 12, strength=0.1).encode(X[:, :1]), ValueError, r"x must have shape \(N, 8\), got"),
        (lambda: TopKDictionary(8, 12, k=3).decode(X), ValueError, r"code must have shape \(N, 12\), got"),
        (
            lambda: AnomalyDetector(Autoencoder([Dense(8, 3)], [Dense(3, 1)]), Threshold(1.0)).scores(X),
            ValueError,
            "gives back",
        ),
        # models that cannot be trained in this way
        (lambda: fit(ICA(8, 5), X), TypeError, r"train it with model\.train"),
        (lambda: lbfgs(gan(), X), TypeError, "GenerativeAdversarialNetwork has discriminator, generator: use fit"),
        # sizes
        (lambda: ICA(8, 2.5), ValueError, "components must be a whole number of at least 1, got 2.5"),
        (lambda: RICA(8, 0), ValueError, "components must be a whole number of at least 1, got 0"),
        (lambda: SparseCoding(8, 2.5), ValueError, "features must be a whole number of at least 1, got 2.5"),
        (lambda: KSparseAutoencoder(8, 0, 1), ValueError, "hidden must be a whole number of at least 1, got 0"),
        (lambda: TopKDictionary("a", 5, 2), ValueError, "in_features must be a whole number of at least 1, got 'a'"),
        (lambda: StackedAutoencoder(8, 5, 3), ValueError, "hidden must name the units of at least one layer, got 5"),
        (lambda: DeepAutoencoder(8), ValueError, "at least one layer, got 8"),
        (lambda: KSparseAutoencoder(8, 5, 1).encode(X, alpha=np.inf), ValueError, "alpha must be a finite number"),
        (
            lambda: VariationalAutoencoder(8, 6, 2).interpolate(X, X, steps=2.5),
            ValueError,
            "steps must be a whole number",
        ),
        (lambda: gan().sample(0), ValueError, "n must be a whole number of at least 1, got 0"),
        (
            lambda: GenerativeAdversarialNetwork([Dense(2, 8)], [Dense(8, 1), Sigmoid()], latent=2),
            ValueError,
            "discriminator must end in a logit",
        ),
        (lambda: latent_grid(lambda z: z, side=2.5), ValueError, "side must be a whole number of at least 1, got 2.5"),
        (
            lambda: point_clouds({"a": X[:, :2]}, {"a": X[:3, :3]}),
            ValueError,
            r"arrows a must have shape \(2, arrows\)",
        ),
        # layers
        (
            lambda: Autoencoder([Dense(8, 5), ReLU()], [Dense(4, 8)]),
            ValueError,
            r"layer 3 does not fit those before it: Dense.*: the input must have shape \(N, 4\), got \(1, 5\)",
        ),
        # metrics and tables
        (lambda: fvu(np.zeros((3, 2)), np.full((3, 2), 0.1)), ValueError, "all 3 targets are equal"),
        (lambda: explained_variance(X, np.full((7, 8), 0.1)), ValueError, "all 7 targets are equal"),
        (lambda: l0(X * np.nan), ValueError, "not finite"),
        (lambda: l0(X[0]), ValueError, r"codes must have shape \(examples, units\), got \(8,\)"),
        (lambda: dead_units(X[None]), ValueError, r"codes must have shape \(examples, units\), got \(1, 7, 8\)"),
        (lambda: precision_at_n(LABELS > 0, X[:, 0] * np.nan), ValueError, "not finite"),
        (lambda: precision_at_n([True] * 7, X[:, 0]), TypeError, "array of booleans, got list"),
        (lambda: purity([0, 1], [0, 1]), TypeError, "array of integers, got list"),
        (lambda: units(X, LABELS + 0.5), ValueError, "labels must be whole numbers of at least 0, got float64"),
        (lambda: units(X, LABELS - 1), ValueError, "labels must be whole numbers of at least 0"),
        (lambda: units(X * np.nan), ValueError, "a: 56 of 56 values are not finite"),
        (lambda: units(X).sorted_by("preferred"), ValueError, "there is no preferred without labels"),
        (
            lambda: maximizing_input(sparse().encoder, sparse().theta, 0, (8,), norm=np.inf),
            ValueError,
            "norm must be positive and finite, got inf",
        ),
        # thresholds
        (lambda: Threshold(np.nan), ValueError, "value must be a number, got nan"),
        (
            lambda: AnomalyDetector(sparse(), 0.1),
            TypeError,
            r"threshold must be a Threshold, such as Threshold\(0\.1\)",
        ),
        (lambda: score_histogram(X[:, 0], LABELS > 0, Threshold(0.5)), ValueError, "threshold must be a finite number"),
        (lambda: roc_curve(X[:, 0], LABELS, 0.5), TypeError, "anomalous must be booleans, got int64"),
        (lambda: scatter(X[:, :2], [0.5] * 7), TypeError, "labels must be integers, got float64"),
    ],
)
def test_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"validation": (X, X.astype("float32"))}, TypeError, "x is float64 but target is float32"),
        ({"target": X.astype("float32")}, TypeError, "x is float64 but target is float32"),
        ({"callbacks": [EarlyStopping()]}, ValueError, "'validation_cost' is not recorded"),
        ({"callbacks": [EarlyStopping]}, TypeError, "callbacks must be a list of functions"),
        ({"callbacks": EarlyStopping()}, TypeError, "callbacks must be a list of functions"),
        ({"seed": -1}, ValueError, "seed must be a whole number of at least 0, got -1"),
        ({"seed": None}, ValueError, "seed must be a whole number of at least 0, got None"),
        ({"clip_norm": -1}, ValueError, "clip_norm must be a positive number or None, got -1"),
        ({"target": 3}, ValueError, "x has 7 examples but target has 3"),
    ],
)
def test_is_refused_before_training(arguments, error, message):
    model = sparse()
    before = model.theta.copy()
    with pytest.raises(error, match=message):
        fit(model, X, progress=False, **arguments)
    np.testing.assert_array_equal(model.theta, before)


def test_a_frozen_block_is_not_called_wrong():
    model = VariationalAutoencoder(8, 5, 2)
    model.freeze("w1", "b3")
    report = check(model, X)
    assert report.passed
    assert {block.name for block in report.blocks} == {"b1", "w2", "b2", "w3", "w4", "b4"}


def test_the_diagnosis_takes_a_model_that_is_no_chain():
    class Broken(VariationalAutoencoder):
        def backward(self, tape, ctx, gradient):
            super().backward(tape._replace(dlog_var=0 * tape.dlog_var), ctx, gradient)

    report = check(Broken(6, 5, 2), X[:, :6])
    assert not report.passed
    assert "No known mistake explains the error" in str(report)


class TestResults:
    def run(self, *arguments):
        return CliRunner().invoke(app, ["results", *map(str, arguments)])

    @pytest.fixture(autouse=True)
    def _toys(self, monkeypatch):
        def diverges(job):
            raise TrainingDiverged("the cost is nan")

        monkeypatch.setitem(SYSTEMS, "good", System("good", "none", lambda job: [Figure("cost", 1.0)]))
        monkeypatch.setitem(SYSTEMS, "never", System("never", "none", lambda job: pytest.fail("was run")))
        monkeypatch.setitem(SYSTEMS, "diverging", System("diverging", "none", diverges))

    def test_unknown_names_are_refused_before_any_is_run(self, tmp_path):
        result = self.run("never", "bogus", "--out", tmp_path)
        assert result.exit_code == 2
        assert "'bogus' is unknown" in result.output
        assert self.run("never", "--all", "--out", tmp_path).exit_code == 2

    def test_one_that_diverges_does_not_keep_the_others(self, tmp_path):
        result = self.run("diverging", "good", "--out", tmp_path)
        assert result.exit_code == 2
        assert "good: cost: 1" in result.output

    def test_a_damaged_record_is_refused_before_training(self, tmp_path):
        (tmp_path / "results.jsonl").write_text("<<<<<<< HEAD\n")
        result = self.run("never", "--out", tmp_path, "--record", tmp_path)
        assert result.exit_code == 2
        assert "is no record" in result.output
        assert (tmp_path / "results.jsonl").read_text() == "<<<<<<< HEAD\n"

    def test_a_record_without_a_last_newline_is_mended(self, tmp_path):
        assert self.run("good", "--out", tmp_path, "--record", tmp_path).exit_code == 0
        lines = tmp_path / "results.jsonl"
        lines.write_text(lines.read_text().rstrip("\n"))
        assert self.run("good", "--out", tmp_path, "--record", tmp_path).exit_code == 0
        assert [json.loads(line)["name"] for line in lines.read_text().splitlines()] == ["good", "good"]


def test_a_sigmoid_reaches_what_it_is_given():
    """The slips above are refused; what they should have been is not."""
    model = Autoencoder([Dense(8, 3), Sigmoid()], [Dense(3, 8)])
    detector = AnomalyDetector(model, Threshold(0.1))
    detector.threshold = Threshold.from_quantile(detector.scores(X), 0.9)
    assert detector.predict(X).sum() == 1
    assert fit(model, X, epochs=1, callbacks=[EarlyStopping(monitor="cost")], progress=False)["cost"]

"""System 001c: one digit is normal, the nine others are anomalies, and only the normal one is learned."""

import numpy as np

from miniae import plots
from miniae.anomaly import AnomalyDetector, Threshold
from miniae.arrays import Array
from miniae.data import PCA
from miniae.layers import Dense, ReLU
from miniae.metrics import precision_at_n
from miniae.models import Autoencoder
from miniae.optimizers import Adam
from miniae.optional import require
from miniae.systems.system import Figure, Run, System
from miniae.training import fit

CODE, COMPONENTS = 16, 32
CONTAMINATION = 0.05
DRAWN = 8  # the digit whose pictures are drawn


def run(job: Run) -> list[Figure]:
    """For each digit, train on most of its pictures, set the threshold on the others, test on all ten digits.

    Everything reported is a mean over the ten digits: the area under the ROC curve and the precision among as many as
    there are anomalies, on the test set, for the autoencoder and for PCA; and the false alarms, the fraction of the
    normal test pictures above the threshold.
    """
    data = job.digits("float32")
    area = require("sklearn.metrics", extra="course").roc_auc_score
    areas, pca_areas, precisions, alarms, article_alarms = [], [], [], [], []
    for digit in range(10):
        normal = data.x_train[data.y_train == digit]
        held_out = len(normal) // job.pick(5, 2)
        normal, held = normal[held_out:], normal[:held_out]
        anomalous = data.y_test != digit
        detector = _detector(job, normal, held)
        scores = detector.scores(data.x_test)
        areas.append(area(anomalous, scores))
        precisions.append(precision_at_n(anomalous, scores))
        pca_areas.append(area(anomalous, _pca_scores(normal, data.x_test, job.pick(COMPONENTS, 8))))
        alarms.append(detector.predict(data.x_test[~anomalous]).mean())
        if digit == DRAWN:
            shown = detector.threshold.value
            job.save(plots.score_histogram(scores, anomalous, shown), "001c-scores")
            job.save(plots.roc_curve(scores, anomalous, shown), "001c-roc")
        detector.threshold = Threshold.from_mean_and_std(detector.scores(held))  # the article's; nothing is refitted
        article_alarms.append(detector.predict(data.x_test[~anomalous]).mean())
    percent = 100 * CONTAMINATION
    tolerance = job.pick(1, 3)  # the small digits are a tenth as many
    return [
        Figure("mean ROC-AUC of PCA", float(np.mean(pca_areas))),
        Figure("mean ROC-AUC of the autoencoder", float(np.mean(areas)), job.pick(float(np.mean(pca_areas)), 0.95)),
        Figure("lowest ROC-AUC of a digit, autoencoder", float(np.min(areas))),
        Figure("mean precision among as many as there are anomalies", float(np.mean(precisions))),
        Figure(
            f"mean false alarms at contamination {CONTAMINATION}, %",
            100 * float(np.mean(alarms)),
            percent - tolerance,
            percent + tolerance,
        ),
        Figure("mean false alarms at the article's mean + 2 std, %", 100 * float(np.mean(article_alarms))),
    ]


def _detector(job: Run, normal: Array, held: Array) -> AnomalyDetector:
    """An autoencoder with a narrow code, trained on normal pictures, and a threshold from those held out."""
    features, hidden, code = normal.shape[1], job.pick(256, 64), job.pick(CODE, 8)
    model = Autoencoder(
        [Dense(features, hidden, init="he_uniform"), ReLU(), Dense(hidden, code)],
        [Dense(code, hidden, init="he_uniform"), ReLU(), Dense(hidden, features)],
        loss="binary_cross_entropy_with_logits",
        seed=0,
        dtype="float32",
    )
    fit(model, normal, epochs=job.pick(20, 60), batch_size=job.pick(64, 16), optimizer=Adam(job.pick(1e-3, 3e-3)))
    detector = AnomalyDetector(model, Threshold(np.inf))
    detector.threshold = Threshold.from_contamination(detector.scores(held), CONTAMINATION)
    return detector


def _pca_scores(normal: Array, x: Array, components: int) -> Array:
    """What the first principal components of the normal pictures leave of each picture, mean over its pixels."""
    pca = PCA(normal)
    return ((x - pca.restore(pca.rotate(x, components))) ** 2).mean(axis=1)


SYSTEM = System("anomaly detection, autoencoder 784-256-16, one digit normal", "MNIST", run)

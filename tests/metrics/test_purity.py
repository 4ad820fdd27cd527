"""Purity by hand."""

import numpy as np
import pytest

from miniae.metrics import purity


def test_by_hand():
    """Cluster 0 holds classes 1 1 2, cluster 2 holds 0 0 2, cluster 5 one 2: (2 + 2 + 1) / 7."""
    clusters, labels = np.array([0, 0, 0, 2, 2, 2, 5]), np.array([1, 1, 2, 0, 0, 2, 2])
    assert purity(clusters, labels) == pytest.approx(5 / 7, rel=1e-15)


def test_names_of_clusters_do_not_matter():
    rng = np.random.default_rng(0)
    clusters, labels = rng.integers(0, 4, 100), rng.integers(0, 3, 100)
    assert purity(np.array([7, 1, 0, 3])[clusters], labels) == purity(clusters, labels)
    assert purity(labels, labels) == 1


def test_one_cluster_has_the_share_of_the_commonest_class():
    assert purity(np.zeros(4, int), np.array([0, 1, 1, 2])) == 0.5


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("clusters", "labels", "error", "message"),
    [
        (np.zeros(3), np.zeros(3, int), TypeError, "clusters must be an array of integers, got float64"),
        (np.zeros(3, int), np.zeros(2, int), ValueError, "3 clusters but 2 labels"),
        (np.array([-1, 0]), np.zeros(2, int), ValueError, "clusters must be a row of integers of at least 0"),
        (np.zeros(0, int), np.zeros(0, int), ValueError, "clusters must be a row"),
        (np.zeros(2, int), np.array([[0], [1]]), ValueError, r"labels must be a row .* got shape \(2, 1\)"),
    ],
)
def test_errors(clusters, labels, error, message):
    with pytest.raises(error, match=message):
        purity(clusters, labels)

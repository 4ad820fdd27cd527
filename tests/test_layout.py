import numpy as np
import pytest

from miniae.layout import Layout, Slot


def test_views_share_memory_with_the_vector():
    theta = np.zeros(9)
    views = Layout.of({"w": (2, 3), "b": (3,)}).views(theta)
    views["w"][1, 0] = 5
    views["b"][2] = 7
    assert theta.tolist() == [0, 0, 0, 5, 0, 0, 0, 0, 7]


def test_offsets_may_leave_gaps_and_may_be_shared():
    layout = Layout([Slot("w", (2,), 0), Slot("b", (1,), 4), Slot("w_again", (2, 1), 0)])
    assert layout.size == 5
    views = layout.views(np.arange(5.0))
    assert views["b"].tolist() == [4]
    assert np.shares_memory(views["w"], views["w_again"])


@pytest.mark.bad_input
def test_errors_name_what_is_wrong():
    layout = Layout.of({"w": (2, 3), "b": (3,)})
    with pytest.raises(ValueError, match=r"'c'; known: w, b"):
        layout["c"]
    with pytest.raises(ValueError, match=r"theta must be an array of shape \(9,\).*got \(8,\)"):
        layout.views(np.zeros(8))
    with pytest.raises(ValueError, match="'w' stands twice"):
        Layout([Slot("w", (2,), 0), Slot("w", (2,), 2)])

import torch

from napari_ggs.detection.circlenet import Maps
from napari_ggs.detection.decoding import decode


def maps(peaks: dict[tuple[int, int], float]) -> Maps:
    """Heat maps of 8 x 8 cells that are -5 but for some cells (row, column)."""
    heat = torch.full((1, 1, 8, 8), -5.0)
    for (row, column), value in peaks.items():
        heat[0, 0, row, column] = value
    return Maps(heat, torch.full((1, 1, 8, 8), 3.0), torch.full((1, 2, 8, 8), 0.25))


def test_circles_come_in_image_pixels_by_falling_score() -> None:
    [found] = decode(maps({(2, 5): 0.0, (6, 1): 2.0}), threshold=0.1)
    assert found.circles.tolist() == [[5, 25, 12], [21, 9, 12]]
    torch.testing.assert_close(found.scores.float(), torch.sigmoid(torch.tensor([2.0, 0.0])))


def test_a_cell_beside_a_higher_one_is_no_peak() -> None:
    [found] = decode(maps({(2, 5): 1.0, (3, 6): 0.5, (2, 7): 0.8}), threshold=0.1)
    assert len(found.scores) == 2


def test_peaks_below_the_threshold_and_beyond_the_best_k_are_left_out() -> None:
    said = maps({(1, 1): 1.0, (4, 4): 2.0, (7, 7): 3.0})
    assert len(decode(said, threshold=0.85)[0].scores) == 2
    assert decode(said, threshold=0.1, top_k=1)[0].circles.tolist() == [[29, 29, 12]]

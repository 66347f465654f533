"""Focal loss is what its paper says."""

import math

import pytest
import torch
import torch.nn.functional as F

from napari_ggs.training.losses import class_weights, focal_loss

LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.3, 0.1, 0.2], [-1.0, 4.0, 0.0]])
TARGETS = torch.tensor([0, 2, 0])


def test_it_is_what_is_computed_by_hand() -> None:
    p = 1 / (1 + math.exp(-1.5))
    expected = -((1 - p) ** 2.5) * math.log(p)
    loss = focal_loss(torch.tensor([[1.5, 0.0]]), torch.tensor([0]), gamma=2.5)
    assert float(loss) == pytest.approx(expected, rel=1e-6)


def test_with_gamma_0_it_is_cross_entropy() -> None:
    assert torch.allclose(focal_loss(LOGITS, TARGETS, 0.0), F.cross_entropy(LOGITS, TARGETS))


def test_with_gamma_0_and_weights_it_is_weighted_cross_entropy() -> None:
    weights = torch.tensor([0.5, 1.0, 3.0])
    ours = focal_loss(LOGITS, TARGETS, 0.0, weights)
    assert torch.allclose(ours, F.cross_entropy(LOGITS, TARGETS, weight=weights))


def test_shares_that_are_certain_are_the_same_as_indices() -> None:
    shares = F.one_hot(TARGETS, 3).float()
    assert torch.allclose(focal_loss(LOGITS, shares), focal_loss(LOGITS, TARGETS))


def test_mixed_shares_mix_the_losses() -> None:
    mixed = focal_loss(LOGITS[:1], torch.tensor([[0.7, 0.3, 0.0]]))
    a, b = (focal_loss(LOGITS[:1], torch.tensor([c])) for c in (0, 1))
    assert torch.allclose(mixed, 0.7 * a + 0.3 * b)


def test_easy_cases_count_less() -> None:
    hard, easy = torch.tensor([[0.0, 0.0]]), torch.tensor([[4.0, 0.0]])
    first = torch.tensor([0])
    share = focal_loss(easy, first) / focal_loss(hard, first)
    assert share < 0.01 * F.cross_entropy(easy, first) / F.cross_entropy(hard, first)


def test_a_certain_right_answer_has_a_gradient_that_is_a_number() -> None:
    logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
    focal_loss(logits, torch.tensor([0])).backward()
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())


def test_class_weights_even_out_the_classes() -> None:
    weights = class_weights(torch.tensor([0, 0, 0, 1]), 2)
    torch.testing.assert_close(weights, torch.tensor([4 / 6, 2.0]))

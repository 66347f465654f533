"""Losses for classes of unequal size."""

import torch
import torch.nn.functional as F
from torch import Tensor


def focal_loss(
    logits: Tensor, targets: Tensor, gamma: float = 2.5, weights: Tensor | None = None
) -> Tensor:
    """Focal loss (Lin et al. 2017): cross entropy in which easy cases count less.

    ``mean_i sum_c w_c t_ic (1 - p_ic)^gamma (-log p_ic)``; with gamma 0 it is cross entropy.

    Parameters
    ----------
    logits : Tensor, shape (n, k)
    targets : Tensor
        Class indices (n,), or shares of classes (n, k) whose rows sum to 1.
    gamma : float
        2.5 in the GGS paper.
    weights : Tensor, shape (k,), optional
        Of the classes. The mean is then the weighted mean, as in cross entropy.

    Returns
    -------
    Tensor
        A scalar.
    """
    if targets.ndim == 1:
        targets = F.one_hot(targets, logits.shape[1])
    shares = targets.to(logits.dtype)
    if weights is not None:
        shares = shares * weights
    logarithms = logits.log_softmax(dim=1)
    hardness = (1 - logarithms.exp()).clamp(min=0) ** gamma
    total: Tensor = -(shares * hardness * logarithms).sum() / shares.sum()
    return total


def class_weights(labels: Tensor, classes: int) -> Tensor:
    """Weights inversely proportional to the number of examples, 1 on average over examples."""
    counts = torch.bincount(labels, minlength=classes).clamp(min=1)
    return len(labels) / (classes * counts.float())

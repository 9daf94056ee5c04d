"""Many linear heads at once by one regression, and what each would say of a text that it has not seen.

All heads share the texts, so one matrix is inverted for all of them: a new topic is one more column. The same
inverse gives, in closed form, the answer of the heads that learnt without a cluster of texts.

Source: Hoerl and Kennard, Ridge regression, 1970; of the closed form: Cook, Influential observations in linear
regression, 1979, for groups as in An, Liu and Venkatesh, Fast cross-validation algorithms, 2007.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PENALTY = 0.6
"""Of texts whose features have length 1: chosen among 0.1, 0.3, 0.6 and 1 on an example workspace; all are near."""

INTERCEPT = 0.1
"""What every pair of texts has in common; small, so that it is penalised little."""


class Fitted(NamedTuple):
    """Weights on texts, and the held-out answers.

    Attributes:
        duals: one row per text, one column per head.
        held_out: the same shape: what each head says of each text when the text's cluster did not teach it.
    """

    duals: Array
    held_out: Array


def fit(kernel: Array, targets: Array, clusters: Sequence[str], penalty: float = PENALTY) -> Fitted:
    """The heads that lead from texts to targets.

    Args:
        kernel: of each text with each, without the intercept; shape (texts, texts).
        targets: shape (texts, heads).
        clusters: one per text; those that share one are held out together.
        penalty: more draws every head to 0.
    """
    regular = kernel + INTERCEPT
    regular[np.diag_indices_from(regular)] += penalty
    root = _inverse_root(regular)
    duals = root.T @ (root @ targets)
    return Fitted(duals, _held_out(root, targets, duals, clusters))


def _inverse_root(regular: Array) -> Array:
    """The lower triangle whose product with its transpose, from the left, is the inverse.

    Both steps together take a quarter of what the inverse itself takes, and whatever is asked of it
    can be asked of its root.
    """
    # Loading it takes a tenth of a second, which only who learns has to pay.
    from scipy.linalg import lapack

    lower, fault = lapack.dpotrf(regular, lower=1, clean=1)
    if fault == 0:
        lower, fault = lapack.dtrtri(lower, lower=1, overwrite_c=1)
    if fault != 0:
        raise np.linalg.LinAlgError("the texts' kernel is not positive definite")
    return np.asarray(lower)


def _held_out(root: Array, targets: Array, duals: Array, clusters: Sequence[str]) -> Array:
    members: dict[str, list[int]] = {}
    for row, cluster in enumerate(clusters):
        members.setdefault(cluster, []).append(row)
    by_size: dict[int, list[list[int]]] = {}
    for rows in members.values():
        by_size.setdefault(len(rows), []).append(rows)
    held_out = np.empty_like(duals)
    # Clusters of one size at once: there are hundreds, and hardly one has more than a few texts.
    for same in by_size.values():
        held = np.array(same)
        columns = root[:, held].transpose(1, 0, 2)
        inverse = columns.transpose(0, 2, 1) @ columns
        held_out[held] = targets[held] - np.linalg.solve(inverse, duals[held])
    return held_out

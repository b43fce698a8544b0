"""The package's `fasttext.util`: smaller vectors, the nearest row, precision and recall.

`download_model` is left out: firth downloads nothing.
"""

from __future__ import annotations

import numpy as np

#: rows that the directions are learnt from
ROWS = 100_000


def test(predictions, labels, k=1):
    """(precision, recall) of lists of labels predicted, k for each text, against the true ones."""
    hits = n_true = examples = 0
    for predicted, true in zip(predictions, labels, strict=False):
        hits += sum(one in true for one in predicted)
        n_true += len(true)
        examples += 1
    return hits / (k * examples), hits / n_true


# pytest would take it for one of its own
test.__test__ = False  # type: ignore[attr-defined]


def find_nearest_neighbor(query, vectors, ban_set, cossims=None):
    """The row of `vectors` [n, d] with the largest product with `query` [d], none of `ban_set`.

    cossims: float[n] to leave the products in.
    """
    products = np.matmul(vectors, query, out=cossims)
    for row in np.argsort(-products, kind="stable"):
        if row not in ban_set:
            return row
    raise ValueError(f"All {len(products)} rows are banned.")


def reduce_model(ft_model, target_dim):
    """Brings the vectors of `ft_model` down to `target_dim` numbers, by PCA of its input rows.

    The directions are those of the largest variance among the first 100,000 rows, the output rows
    are turned with them. Departs from the package, which takes the eigenvectors as the library
    gives them, not the largest first.

    Raises:
        ValueError: the model has no more numbers than that, or is quantised.
    """
    rows = ft_model.get_input_matrix()
    dim = rows.shape[1]
    if not 1 <= target_dim < dim:
        raise ValueError(f"target_dim={target_dim} is out of range; wanted 1 to {dim - 1}.")
    some = rows[:ROWS].astype(np.float64)
    some -= some.mean(axis=0)
    _, directions = np.linalg.eigh(some.T @ some)
    turn = directions[:, ::-1][:, :target_dim].astype(np.float32)
    ft_model.set_matrices(rows @ turn, ft_model.get_output_matrix() @ turn)
    ft_model.set_args(ft_model.f.getArgs())
    return ft_model

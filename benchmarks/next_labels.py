"""How long it takes to choose the circles to label next, of 20,000 in a study.

    python benchmarks/next_labels.py

Embeddings as those of EfficientNet-Lite0 (1,280 numbers), drawn at random; the network's own time
is not in it.
"""

import time

import numpy as np

from napari_ggs.training.next_labels import next_labels

CIRCLES, LENGTH, CLASSES = 20_000, 1_280, 5
COUNT = 200


def main() -> None:
    """Print the seconds for none and for a thousand labelled circles."""
    rng = np.random.default_rng(0)
    features = np.abs(rng.normal(size=(CIRCLES, LENGTH))).astype(np.float32)
    probabilities = rng.dirichlet(np.full(CLASSES, 0.3), CIRCLES)
    for labelled in (0, 1_000):
        known = np.abs(rng.normal(size=(labelled, LENGTH))).astype(np.float32)
        start = time.perf_counter()
        next_labels(features, probabilities, known, COUNT)
        seconds = time.perf_counter() - start
        print(f"{COUNT} of {CIRCLES} circles, {labelled} labelled: {seconds:.2f} s")


if __name__ == "__main__":
    main()

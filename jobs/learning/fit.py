"""Fits the join to cases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from imagesearch.errors import InputError
from imagesearch.join import CLASSES, Join, rows_of
from jobs.learning.case import Case

# How freely weights grow; much, since there are many cases for each of them.
FREEDOM = 3.0
MOST_STEPS = 5000
EXACT, EDITED = CLASSES.index("exact"), CLASSES.index("edited")
# The bias of a class that nothing was learned of.
NEVER = -1000.0


def fitted(cases: Sequence[Case]) -> Join:
    """Return the join that tells these cases best; variants count for nothing.

    Where no two cuts of a picture were seen to show the same, nothing is called the same scene. Raises InputError where another
    class has no case.
    """
    known = [case for case in cases if not case.variant]
    met = {case.kind for case in known}
    missing = [kind for kind in CLASSES if kind not in met and kind != "same_scene"]
    if missing:
        raise InputError(f"nothing to learn from: no case of {', '.join(missing)}")
    rows = rows_of([case.evidence for case in known])
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    kinds = np.array([CLASSES.index(case.kind) for case in known])
    # A picture that was a little brightened looks like one that was recompressed; but most copies are only that.
    importance = np.array([case.weight for case in known])
    importance[kinds == EXACT] *= (kinds == EDITED).sum() / (kinds == EXACT).sum()
    model = LogisticRegression(C=FREEDOM, max_iter=MOST_STEPS).fit((rows - middle) / spread, kinds, importance)
    weights, bias = np.zeros((len(CLASSES), rows.shape[1])), np.full(len(CLASSES), NEVER)
    # The join takes the numbers as they are, not standardised.
    weights[model.classes_] = model.coef_ / spread
    bias[model.classes_] = model.intercept_ - weights[model.classes_] @ middle
    return Join(weights, bias)

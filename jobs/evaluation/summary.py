"""From answers to figures: recall by edit and strength, thresholds, the worst cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from imagesearch.quality.figure import Figure, mean, share
from imagesearch.quality.threshold import Threshold, threshold
from jobs.evaluation.asker import Answer

PLACES = (1, 10)


def recalls(answers: Iterable[Answer]) -> dict[str, Figure]:
    """Return recall@1 and @10 by method: `embedding: recall@1, crop 0.5`, and over all edits, `embedding: recall@1`."""
    cases: dict[tuple[str, str, float], list[Answer]] = defaultdict(list)
    pictures: dict[str, dict[int, list[Answer]]] = defaultdict(lambda: defaultdict(list))
    for one in answers:
        cases[one.method, one.edit, one.strength].append(one)
        pictures[one.method][one.milvus_id].append(one)
    figures: dict[str, Figure] = {}
    for place in PLACES:
        for method, by_picture in pictures.items():
            # The copies of one picture are found or missed together: the pictures are what was drawn by chance.
            shares = [sum(found(one, place) for one in group) / len(group) for group in by_picture.values()]
            figures[f"{method}: recall@{place}"] = mean(shares)
        for (method, edit, strength), group in cases.items():
            figures[name_of(method, place, edit, strength)] = share(sum(found(one, place) for one in group), len(group))
    return figures


def name_of(method: str, place: int, edit: str, strength: float) -> str:
    """Return the name of a figure of one edit."""
    return f"{method}: recall@{place}, {edit} {strength:g}"


def found(answer: Answer, place: int) -> bool:
    """Say whether the picture was among the first `place` hits."""
    return answer.rank is not None and answer.rank <= place


def thresholds(answers: Sequence[Answer], rate: float) -> dict[str, Threshold]:
    """Return by method the score that at most this share of the searches' best false hits reaches."""
    return {method: threshold(*scores_of(answers, method), rate) for method in dict.fromkeys(one.method for one in answers)}


def scores_of(answers: Iterable[Answer], method: str) -> tuple[list[float], list[float]]:
    """Return the scores of the true pairs, -1 for one that was not found, and of each search's best false hit."""
    ours = [one for one in answers if one.method == method]
    true = [-1.0 if one.score is None else one.score for one in ours]
    return true, [one.other_score for one in ours if one.other_score is not None]


def worst(answers: Iterable[Answer], count: int) -> list[Answer]:
    """Return up to `count` copies whose picture was not the first hit, those by the largest margin first, one of an edit each."""
    missed = [one for one in answers if not found(one, 1) and one.other_score is not None]
    missed.sort(key=lambda one: (one.other_score or 0.0) - (-1.0 if one.score is None else one.score), reverse=True)
    first: dict[tuple[str, str], Answer] = {}
    for one in missed:
        first.setdefault((one.method, one.edit), one)
    return list(first.values())[:count]

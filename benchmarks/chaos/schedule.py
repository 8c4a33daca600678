"""What is struck, and when: drawn from a seed, so that a run can be had again."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass

# How often each kind lies in the deck that strikes are dealt from: one deck has them all, twelve kills among them, before any
# comes again out of turn.
KILLS = {"driver": 2, "fetch": 2, "write": 2, "embed": 2, "raylet": 1, "redis": 1, "mariadb": 1, "milvus": 1}
# Only where they are asked for: a head takes the cluster with it, half a minute until all is up again, and a broker is part of the
# stack only for this.
RARE_KILLS = {"head": 1, "broker": 1}
OTHERS = {"stop": 1, "lock": 1, "deadlock": 1, "slow": 1, "clock": 1}
KINDS = KILLS | RARE_KILLS | OTHERS
DEADLY = frozenset(KILLS | RARE_KILLS)

LONGEST_PAUSE_S = 2.0
# The share of strikes that do not wait for the recovery from the one before.
OVERLAPPING = 0.25


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault. `pause_s` passes after the recovery from the strike before, or after that strike itself where this one `overlaps`.

    `pick` and `length`, both in [0, 1), choose among several targets and how long something stays away.
    """

    kind: str
    pause_s: float
    overlaps: bool
    pick: float
    length: float


def schedule(seed: int, kills: int, kinds: Collection[str] = tuple(KILLS | OTHERS)) -> list[Strike]:
    """Return strikes of these kinds up to the last of `kills` kills; the same arguments give the same strikes.

    Kinds that kill nothing come along in their share; with no kind that kills, `kills` counts them.
    """
    chance = random.Random(seed)
    counted = DEADLY & set(kinds) or set(kinds)
    strikes: list[Strike] = []
    left = kills
    for kind in _deal(chance, kinds):
        # Two at once, never three: each strike's recovery is still told apart.
        alone = not strikes or strikes[-1].overlaps or strikes[-1].kind == kind
        overlaps = chance.random() < OVERLAPPING and not alone
        strikes.append(Strike(kind, chance.uniform(0, LONGEST_PAUSE_S), overlaps, chance.random(), chance.random()))
        left -= kind in counted
        if left <= 0:
            return strikes
    return strikes


def _deal(chance: random.Random, kinds: Collection[str]) -> Iterator[str]:
    deck = [kind for kind in KINDS if kind in kinds for _ in range(KINDS[kind])]
    while deck:
        chance.shuffle(deck)
        yield from deck

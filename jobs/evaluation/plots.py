"""Plots as inline SVG: no script, no library, nothing loaded."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT, MARGIN = 640, 220, 40
BINS = 40


def histogram(true: Sequence[float], false: Sequence[float], threshold: float) -> str:
    """Draw how the scores of true and of false pairs lie, as shares of each, and the threshold between them."""
    edges = np.linspace(min([0.0, *(one for one in true if one > -1), *false]), 1.0, BINS + 1)
    parts = []
    for scores, name in ((true, "true"), (false, "false")):
        counts, _ = np.histogram([one for one in scores if one > -1], edges)
        shares = counts / max(1, len(scores))
        points = [(float(middle), float(one)) for middle, one in zip((edges[1:] + edges[:-1]) / 2, shares, strict=True)]
        parts.append((name, points))
    top = max([0.01, *(y for _, points in parts for _, y in points)])
    lines = [_line([(_x(x, edges[0], 1.0), _y(y / top)) for x, y in points], name) for name, points in parts]
    at = _x(min(max(threshold, float(edges[0])), 1.0), edges[0], 1.0)
    mark = f'<line class="mark" x1="{at:.1f}" y1="{MARGIN}" x2="{at:.1f}" y2="{HEIGHT - MARGIN}"/>'
    return _svg("Scores of true and false pairs", [*lines, mark], f"{edges[0]:.2f}", "1.00", f"{top:.0%}")


def curve(points: Sequence[tuple[float, float]], title: str) -> str:
    """Draw shares by a number that grows in steps, on a logarithmic axis."""
    xs = np.log([max(x, 1) for x, _ in points])
    low, high = float(xs.min()), float(max(xs.max(), xs.min() + 1e-9))
    line = _line([(_x(float(x), low, high), _y(y)) for x, (_, y) in zip(xs, points, strict=True)], "true")
    return _svg(title, [line], f"{points[0][0]:g}", f"{points[-1][0]:g}", "100%")


def bar(value: float, low: float, high: float) -> str:
    """Draw one share as a bar, with its interval."""
    return (
        f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img"><title>{value:.3f}</title>'
        f'<rect width="{100 * value:.1f}" height="10"/><line x1="{100 * low:.1f}" y1="5" x2="{100 * high:.1f}" y2="5"/></svg>'
    )


def _x(value: float, low: float, high: float) -> float:
    return float(MARGIN + (WIDTH - 2 * MARGIN) * (value - low) / max(high - low, 1e-9))


def _y(share: float) -> float:
    return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share


def _line(points: Sequence[tuple[float, float]], name: str) -> str:
    return f'<polyline class="{name}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _svg(title: str, parts: Sequence[str], left: str, right: str, top: str) -> str:
    base = HEIGHT - MARGIN
    axes = (
        f'<line class="axis" x1="{MARGIN}" y1="{base}" x2="{WIDTH - MARGIN}" y2="{base}"/>'
        f'<text x="{MARGIN}" y="{base + 16}">{left}</text><text x="{WIDTH - MARGIN}" y="{base + 16}">{right}</text>'
        f'<text x="{MARGIN}" y="{MARGIN - 6}">{top}</text>'
    )
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{escape(title)}</title>{axes}{"".join(parts)}</svg>'

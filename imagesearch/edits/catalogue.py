"""All edits by name, with their strengths, weakest first."""

from __future__ import annotations

from imagesearch.edits import encoding, overlay, shape, surround, tone
from imagesearch.edits.edit import Edit

_EVERY = (
    Edit("jpeg", "quality", (75, 50, 10), (85, 40, 15), encoding.jpeg),
    Edit("webp", "quality", (75, 50, 5), (85, 40, 10), encoding.webp),
    Edit("resize", "share of each side", (0.75, 0.5, 0.2), (0.6, 0.4, 0.25), shape.resize),
    Edit("crop", "share of each side", (0.9, 0.7, 0.5), (0.85, 0.65, 0.55), shape.crop),
    Edit("pad", "share of the longer side", (0.05, 0.15, 0.3), (0.08, 0.2, 0.25), surround.pad),
    Edit("border", "share of each side", (0.05, 0.1, 0.25), (0.07, 0.15, 0.2), surround.border),
    Edit("rotate", "degrees", (5, 15, 90), (8, 25, 180), shape.rotate),
    Edit("mirror", "share cut away", (0.0, 0.1, 0.2), (0.03, 0.07, 0.15), shape.mirror),
    Edit("blur", "share of the longer side", (0.005, 0.015, 0.04), (0.008, 0.02, 0.03), tone.blur),
    Edit("noise", "standard deviation of 255", (8, 20, 50), (12, 30, 40), tone.noise),
    Edit("brightness", "factor", (1.2, 0.7, 0.4), (1.1, 0.8, 0.5), tone.brightness),
    Edit("contrast", "factor", (0.8, 1.5, 0.4), (0.9, 1.3, 0.5), tone.contrast),
    Edit("colour", "degrees of hue", (10, 30, 90), (15, 40, 70), tone.colour),
    Edit("grey", "share", (0.5, 0.8, 1.0), (0.4, 0.7, 0.9), tone.grey),
    Edit("overlay text", "share of the height", (0.1, 0.2, 0.3), (0.08, 0.15, 0.25), overlay.text),
    Edit("overlay picture", "share of each side", (0.2, 0.35, 0.5), (0.15, 0.3, 0.45), overlay.picture),
    Edit("screenshot", "share of each side", (0.05, 0.12, 0.25), (0.08, 0.15, 0.2), surround.screenshot),
    Edit("perspective", "share of each side", (0.05, 0.12, 0.25), (0.08, 0.15, 0.2), shape.perspective),
    Edit("sharpen", "amount", (1.0, 2.0, 4.0), (0.7, 1.5, 3.0), tone.sharpen),
    Edit("strips", "share of the width", (0.03, 0.08, 0.2), (0.05, 0.1, 0.15), shape.strips),
)

EDITS: dict[str, Edit] = {edit.name: edit for edit in _EVERY}

"""Edited copies: some to learn the join from, others, at other strengths, to report what it is worth."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Copy = Callable[[Image.Image], Image.Image]


def jpeg(quality: int) -> Copy:
    """Recompress."""

    def made(image: Image.Image) -> Image.Image:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        return Image.open(out).convert("RGB")

    return made


def resized(scale: float) -> Copy:
    """Scale both sides."""
    return lambda image: image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.LANCZOS
    )


def cropped(share: float, x: float = 0.5, y: float = 0.5) -> Copy:
    """Keep a share of both sides; x and y say from where, 0 left and on top, 1 right and below."""

    def made(image: Image.Image) -> Image.Image:
        width, height = max(1, round(image.width * share)), max(1, round(image.height * share))
        left, top = round((image.width - width) * x), round((image.height - height) * y)
        return image.crop((left, top, left + width, top + height))

    return made


def turned(degrees: float) -> Copy:
    """Turn against the clock, on white."""
    return lambda image: image.rotate(degrees, expand=True, resample=Image.Resampling.BICUBIC, fillcolor="white")


def bordered(share: float, colour: str) -> Copy:
    """Put a border of a share of the width around it."""
    return lambda image: ImageOps.expand(image, max(1, round(image.width * share)), colour)


def blurred(percent: float) -> Copy:
    """Blur by so many percent of the longer side."""
    return lambda image: image.filter(ImageFilter.GaussianBlur(percent * max(image.size) / 100))


def brightened(factor: float) -> Copy:
    """Change the brightness."""
    return lambda image: ImageEnhance.Brightness(image).enhance(factor)


def captioned(top: float, share: float) -> Copy:
    """Lay a box with words over a share of its height."""

    def made(image: Image.Image) -> Image.Image:
        image = image.copy()
        draw = ImageDraw.Draw(image)
        left, right = image.width * 0.1, image.width * 0.9
        draw.rectangle((left, image.height * top, right, image.height * (top + share)), fill="black")
        draw.text((image.width * 0.15, image.height * (top + 0.05)), "SOLD OUT today", fill="yellow")
        return image

    return made


def slanted(share: float) -> Copy:
    """See it from the side."""

    def made(image: Image.Image) -> Image.Image:
        width, height = image.size
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        moved = [[width * share, height * share / 2], [width * (1 - share / 2), 0], [width, height], [0, height * (1 - share)]]
        matrix = cv2.getPerspectiveTransform(corners, np.array(moved, np.float32))
        return Image.fromarray(cv2.warpPerspective(np.asarray(image), matrix, image.size, borderValue=(255, 255, 255)))

    return made


def noisy(deviation: float) -> Copy:
    """Add noise, the same at each call."""

    def made(image: Image.Image) -> Image.Image:
        noise = np.random.default_rng(1).normal(0, deviation, (image.height, image.width, 3))
        return Image.fromarray(np.clip(np.asarray(image, float) + noise, 0, 255).astype(np.uint8))

    return made


def stickered(image: Image.Image) -> Image.Image:
    """Lay a red box over a ninth of it."""
    image = image.copy()
    box = Image.new("RGB", (max(1, image.width // 3), max(1, image.height // 3)), "red")
    image.paste(box, (image.width * 3 // 5, image.height // 10))
    return image


def after(first: Copy, then: Copy) -> Copy:
    """Do one after the other."""
    return lambda image: then(first(image))


def grey(image: Image.Image) -> Image.Image:
    """Take the colours away."""
    return image.convert("L").convert("RGB")


LEARNED_EXACT: dict[str, Copy] = {
    "itself": lambda image: image,
    "JPEG 60": jpeg(60),
    "JPEG 25": jpeg(25),
    "size 0.7": resized(0.7),
    "size 0.35": resized(0.35),
}
LEARNED_EDITED: dict[str, Copy] = {
    "crop 85 %": cropped(0.85, 0.3, 0.6),
    "crop 60 %": cropped(0.6, 0.4, 0.6),
    "crop 45 %": cropped(0.45, 0.6, 0.4),
    "rotate 10": turned(10),
    "rotate -25": turned(-25),
    "rotate 180": turned(180),
    "rotate 270": turned(270),
    "border of a fifth": bordered(0.2, "white"),
    "border of a third": bordered(0.33, "black"),
    "blur 2 %": blurred(2),
    "blur 3.5 %": blurred(3.5),
    "mirror": ImageOps.mirror,
    "mirrored crop 80 %": after(cropped(0.8), ImageOps.mirror),
    "caption below": captioned(0.6, 0.2),
    "brightness 0.5": brightened(0.5),
    "grey": grey,
    "noise 20": noisy(20),
    "perspective 0.1": slanted(0.1),
    "sticker": stickered,
}
REPORTED_EXACT: dict[str, Copy] = {"JPEG 50": jpeg(50), "JPEG 10": jpeg(10), "half size": resized(0.5)}
REPORTED_EDITED: dict[str, Copy] = {
    "crop 90 %": cropped(0.9),
    "brightness 1.3": brightened(1.3),
    "centre crop 50 %": cropped(0.5),
    "rotate 15": turned(15),
    "rotate 90": turned(90),
    "border of a quarter": bordered(0.25, "black"),
    "blur 3 %": blurred(3),
    "mirror": ImageOps.mirror,
    "text box": captioned(0.4, 0.25),
    "perspective 0.15": slanted(0.15),
    "mirrored crop 60 %": after(cropped(0.6), ImageOps.mirror),
}
# Two cuts of one picture, of which neither holds the other: what is learned as the same scene.
CUTS: tuple[tuple[Copy, Copy], ...] = (
    (cropped(0.6, 0, 0), cropped(0.6, 1, 0.8)),
    (cropped(0.65, 0, 1), cropped(0.65, 1, 0)),
    (cropped(0.55, 0, 0.5), cropped(0.55, 0.8, 0.5)),
    (cropped(0.7, 0.2, 0), cropped(0.7, 0.8, 1)),
    (cropped(0.6, 0.5, 0), cropped(0.6, 0.3, 1)),
)

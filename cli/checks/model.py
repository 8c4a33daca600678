"""Check of the model's weights: that they are there, and which vectors they make."""

from __future__ import annotations

from contextlib import closing

from cli.finding import Finding, asked
from config import Settings
from imagesearch.images.s3 import S3
from imagesearch.models.load import fingerprint_of


def weights(settings: Settings) -> Finding:
    """Find the weights and name their digest; ones that come from elsewhere are fetched, as the service would do."""

    def ask() -> str:
        with closing(S3(settings.s3)) as s3:
            fingerprint, _ = fingerprint_of(settings.model, s3)
        return f"{settings.model.name} from {settings.model.weights}: sha256 {fingerprint.weights_digest}, vectors {fingerprint}"

    return asked("weights", ask, "set IMAGESEARCH_MODEL__NAME and IMAGESEARCH_MODEL__WEIGHTS to what is there")

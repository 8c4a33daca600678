"""Checks of the model: that its weights are there, which vectors they make, and what would run it."""

from __future__ import annotations

from contextlib import closing

from cli.finding import Finding, State, asked
from config import Settings
from imagesearch.images.s3 import S3
from imagesearch.models.load import fingerprint_of
from imagesearch.models.located import located
from imagesearch.models.runtimes.backbone import described


def weights(settings: Settings) -> Finding:
    """Find the weights and name their digest; ones that come from elsewhere are fetched, as the service would do."""

    def ask() -> str:
        with closing(S3(settings.s3)) as s3:
            fingerprint, _ = fingerprint_of(settings.model, s3)
        return f"{settings.model.name} from {settings.model.weights}: sha256 {fingerprint.weights_digest}, vectors {fingerprint}"

    return asked("weights", ask, "set IMAGESEARCH_MODEL__NAME and IMAGESEARCH_MODEL__WEIGHTS to what is there")


def runtime(settings: Settings) -> Finding:
    """Tell which runtime was found fastest on this machine, or was set; nothing is loaded."""

    def ask() -> str:
        with closing(S3(settings.s3)) as s3:
            return described(located(settings.model, s3), settings.model)

    return asked("runtime", ask, "run it on a machine with a GPU, or set IMAGESEARCH_MODEL__DEVICE=auto", State.WARN)

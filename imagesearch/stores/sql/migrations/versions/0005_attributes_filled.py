"""Marks that the attributes of all sources were filled."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""

"""Joins of evidence that were learned on the collection's own pictures."""

import sqlalchemy as sa
from alembic import op

from imagesearch.stores.sql.tables import OPTIONS, UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "learned_join",
        sa.Column("collection", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("pictures", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Float(), nullable=False),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "version"),
        **{**OPTIONS, "sqlite_autoincrement": False},
    )

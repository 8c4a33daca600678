"""Searches for duplicates, and the pairs that they found."""

import sqlalchemy as sa
from alembic import op

from imagesearch.stores.sql.tables import BY_KEY_OPTIONS, OPTIONS, Id, UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "duplicate_search",
        sa.Column("id", Id, nullable=False),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("collection", sa.String(length=255), nullable=False),
        sa.Column("how", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("looked", sa.BigInteger(), nullable=False),
        sa.Column("unread", sa.BigInteger(), nullable=False),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.Column("end_time", UtcDateTime()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("namespace", "collection", name=op.f("uq_duplicate_search_namespace_collection")),
        **OPTIONS,
    )
    op.create_table(
        "duplicate_pair",
        sa.Column("search_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("one", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("other", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("copy", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("search_id", "one", "other"),
        **BY_KEY_OPTIONS,
    )

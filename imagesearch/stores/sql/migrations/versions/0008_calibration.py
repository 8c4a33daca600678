"""How much of the true answer searches of an index find."""

import sqlalchemy as sa
from alembic import op

from imagesearch.stores.sql.tables import OPTIONS, UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "index_calibration",
        sa.Column("collection", sa.String(length=255), nullable=False),
        sa.Column("index_kind", sa.String(length=16), nullable=False),
        sa.Column("effort", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recall", sa.Float(), nullable=False),
        sa.Column("top_k", sa.Integer(), nullable=False),
        sa.Column("queries", sa.Integer(), nullable=False),
        sa.Column("vectors", sa.BigInteger(), nullable=False),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "index_kind", "effort"),
        **{**OPTIONS, "sqlite_autoincrement": False},
    )

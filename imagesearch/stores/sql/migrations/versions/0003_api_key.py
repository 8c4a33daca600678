"""API keys."""

import sqlalchemy as sa
from alembic import op

from imagesearch.stores.sql.tables import OPTIONS, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("namespaces", sa.JSON(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.Column("revoke_time", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key_id"),
        **{**OPTIONS, "sqlite_autoincrement": False},
    )

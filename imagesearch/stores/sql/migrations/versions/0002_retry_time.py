"""Rows whose fault may pass have a time at which they are tried again."""

import sqlalchemy as sa
from alembic import op

from imagesearch.stores.sql.tables import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.add_column("image_add_log", sa.Column("retry_time", UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_image_add_log_state_retry_time_id"), "image_add_log", ["state", "retry_time", "id"], unique=False)
    op.drop_index(op.f("ix_image_add_log_state_id"), "image_add_log")

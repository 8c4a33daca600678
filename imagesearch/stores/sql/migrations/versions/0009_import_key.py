"""Idempotency keys of imports."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    op.add_column("image_import", sa.Column("idempotency_key", sa.String(length=200)))
    name = op.f("ix_image_import_namespace_idempotency_key")
    op.create_index(name, "image_import", ["namespace", "idempotency_key"], unique=True)

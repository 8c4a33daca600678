"""The values of `info` by key, to filter by; `migrate` fills them in between this and the next."""

import sqlalchemy as sa
from alembic import op

from imagesearch.stores.sql.tables import BY_KEY_OPTIONS, bytes_upto

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "image_attribute",
        sa.Column("milvus_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", bytes_upto(128), nullable=False),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("value", bytes_upto(513), nullable=False),
        sa.PrimaryKeyConstraint("milvus_id", "log_id", "name"),
        **BY_KEY_OPTIONS,
    )
    op.create_index(
        op.f("ix_image_attribute_namespace_name_value"), "image_attribute", ["namespace", "name", "value"], unique=False
    )
    op.create_index(op.f("ix_image_info_namespace_create_time"), "image_info", ["namespace", "create_time"], unique=False)

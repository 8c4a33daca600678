"""The first schema: add-log, pictures, sources, imports."""

import sqlalchemy as sa
from alembic import op

from imagesearch.stores.sql.tables import OPTIONS, Id, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "image_import",
        sa.Column("id", Id, nullable=False),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.CheckConstraint("state in ('running', 'done', 'failed')", name=op.f("ck_image_import_state")),
        sa.PrimaryKeyConstraint("id"),
        **OPTIONS,
    )
    op.create_table(
        "image_info",
        sa.Column("milvus_id", Id, nullable=False),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("byte_size", sa.BigInteger(), nullable=False),
        sa.Column("perceptual_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.CheckConstraint("state in ('loading', 'searchable', 'deleted')", name=op.f("ck_image_info_state")),
        sa.PrimaryKeyConstraint("milvus_id"),
        sa.UniqueConstraint("namespace", "content_hash", name=op.f("uq_image_info_namespace_content_hash")),
        **OPTIONS,
    )
    op.create_index(
        op.f("ix_image_info_namespace_state_milvus_id"), "image_info", ["namespace", "state", "milvus_id"], unique=False
    )
    op.create_index(op.f("ix_image_info_state_milvus_id"), "image_info", ["state", "milvus_id"], unique=False)
    op.create_table(
        "image_add_log",
        sa.Column("id", Id, nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("import_id", Id, nullable=True),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("image_path", sa.Text(), nullable=False),
        sa.Column("info", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("milvus_id", Id, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.Column("load_time", UtcDateTime(), nullable=True),
        sa.CheckConstraint("state in ('pending', 'loaded', 'duplicate', 'failed')", name=op.f("ck_image_add_log_state")),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["image_import.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("namespace", "idempotency_key", name=op.f("uq_image_add_log_namespace_idempotency_key")),
        **OPTIONS,
    )
    op.create_index(op.f("ix_image_add_log_state_id"), "image_add_log", ["state", "id"], unique=False)
    op.create_table(
        "image_source",
        sa.Column("id", Id, nullable=False),
        sa.Column("milvus_id", Id, nullable=False),
        sa.Column("image_path", sa.Text(), nullable=False),
        sa.Column("info", sa.JSON(), nullable=False),
        sa.Column("log_id", Id, nullable=False),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"],
            ["image_add_log.id"],
        ),
        sa.ForeignKeyConstraint(
            ["milvus_id"],
            ["image_info.milvus_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("log_id", name=op.f("uq_image_source_log_id")),
        **OPTIONS,
    )
    op.create_index(op.f("ix_image_source_milvus_id"), "image_source", ["milvus_id"], unique=False)

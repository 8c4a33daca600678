"""Imports as a resource: their states, who reads them and how far, their bad lines."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from imagesearch.stores.sql.tables import OPTIONS, Id, UtcDateTime

revision = "0006"
down_revision = "0005"

STATES = "state in ('pending', 'running', 'paused', 'cancelled', 'done', 'failed')"


def columns() -> tuple[sa.Column[Any], ...]:
    """Return the new columns, made anew: each belongs to the table of one database."""
    return (
        sa.Column("bad", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("total", sa.BigInteger()),
        sa.Column("trusted", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("version", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("position", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("place", sa.Text()),
        sa.Column("owner", sa.String(length=64)),
        sa.Column("beat_time", UtcDateTime()),
        sa.Column("start_time", UtcDateTime()),
        sa.Column("read_time", UtcDateTime()),
        sa.Column("error_code", sa.String(length=64)),
        sa.Column("error_detail", sa.Text()),
    )


def upgrade() -> None:
    """Apply."""
    # SQLite cannot exchange a condition: there the table is made anew.
    with op.batch_alter_table("image_import", table_kwargs={"sqlite_autoincrement": True}) as table:
        for column in columns():
            table.add_column(column)
        table.drop_constraint(op.f("ck_image_import_state"), type_="check")
        table.create_check_constraint(op.f("ck_image_import_state"), STATES)
    op.create_index(op.f("ix_image_import_state"), "image_import", ["state"], unique=False)
    op.create_index(op.f("ix_image_add_log_import_id_state"), "image_add_log", ["import_id", "state"], unique=False)
    op.create_table(
        "image_import_error",
        sa.Column("id", Id, nullable=False),
        sa.Column("import_id", Id, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["image_import.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("import_id", "line", name=op.f("uq_image_import_error_import_id_line")),
        **OPTIONS,
    )

"""What `info` was changed to after it was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    op.add_column("image_add_log", sa.Column("changed_info", sa.JSON(none_as_null=True)))

"""For impact queries: how many records an output holds, beside its name.

Nothing is carried over: an empty catalogue is filled again from the ledger when it is opened.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Empty the tables and add what is new."""
    for table in ("member", "link", "use", "run"):
        op.execute(sa.text(f'DELETE FROM "{table}"'))  # noqa: S608  # fixed names
    op.add_column("link", sa.Column("members", sa.Integer(), nullable=False, server_default="0"))

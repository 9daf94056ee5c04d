"""For impact queries: the clause of each member, and the newest run of each step in one look.

Nothing is carried over: an empty catalogue is filled again from the ledger when it is opened.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Empty the tables and add what is new."""
    for table in ("member", "link", "use", "run"):
        op.execute(sa.text(f'DELETE FROM "{table}"'))  # noqa: S608  # fixed names
    op.add_column("member", sa.Column("clause", sa.String(120), nullable=True))
    op.create_index("member_by_clause", "member", ["clause", "artefact"])
    op.create_index("run_by_step", "run", ["step", "position"])

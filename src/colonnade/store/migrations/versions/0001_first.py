"""The first catalogue: runs, their links and uses, and the members of artefacts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "run",
        sa.Column("digest", sa.String(80), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("step", sa.String(80), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    for column in ("position", "step", "key"):
        op.create_index(f"ix_run_{column}", "run", [column])
    op.create_table(
        "link",
        sa.Column("run", sa.String(80), sa.ForeignKey("run.digest"), primary_key=True),
        sa.Column("direction", sa.String(3), primary_key=True),
        sa.Column("name", sa.String(120), primary_key=True),
        sa.Column("artefact", sa.String(80), nullable=False),
    )
    op.create_index("ix_link_artefact", "link", ["artefact"])
    op.create_table(
        "use",
        sa.Column("run", sa.String(80), sa.ForeignKey("run.digest"), primary_key=True),
        sa.Column("clause", sa.String(120), primary_key=True),
        sa.Column("facet", sa.String(20), primary_key=True),
        sa.Column("facet_digest", sa.String(80), nullable=False),
    )
    op.create_index("use_by_clause", "use", ["clause", "facet"])
    op.create_table(
        "member",
        sa.Column("artefact", sa.String(80), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(80), nullable=False),
    )
    op.create_index("ix_member_digest", "member", ["digest"])

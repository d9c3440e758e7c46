"""What finished calls are found by. Calls that ended before are filled in by `callcue db rebuild`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.String(128)
_INDEX = (
    "CREATE VIRTUAL TABLE transcripts_words USING fts5"
    "(agent, customer, content='transcripts', content_rowid='number', "
    "tokenize='unicode61 remove_diacritics 0')"
)


def upgrade() -> None:
    op.create_table(
        "finished",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("call_id", ID, nullable=False),
        sa.Column("agent", ID),
        sa.Column("team", ID),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("alerts", "opportunities", "delivered")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("missed", "harmful")),
        sa.Column("rate", sa.Double),
        sa.PrimaryKeyConstraint("number", name="pk_finished"),
        sa.UniqueConstraint("call_id", name="uq_finished_call_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_finished_started_at_number", "finished", ["started_at", "number"])
    op.create_index("ix_finished_agent_started_at", "finished", ["agent", "started_at"])
    op.create_index("ix_finished_team_started_at", "finished", ["team", "started_at"])
    op.create_table(
        "tallies",
        sa.Column("behaviour", ID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("delivered", "missed")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("harmful", "observed")),
        sa.PrimaryKeyConstraint("behaviour", "number", name="pk_tallies"),
    )
    op.create_index("ix_tallies_number", "tallies", ["number"])
    _create_transcripts(postgres=op.get_bind().dialect.name == "postgresql")


def _create_transcripts(*, postgres: bool) -> None:
    words = TSVECTOR() if postgres else sa.Text()
    op.create_table(
        "transcripts",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("agent", words, nullable=False),
        sa.Column("customer", words, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_transcripts"),
    )
    if not postgres:
        op.execute(_INDEX)
        return
    for party in ("agent", "customer"):
        op.create_index(f"transcripts_words_{party}", "transcripts", [party], postgresql_using="gin")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE transcripts_words")
    for table in ("transcripts", "tallies", "finished"):
        op.drop_table(table)

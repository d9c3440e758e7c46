"""Calls, their events, and jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.String(128)


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("call_id", ID, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "seq", name="pk_events"),
    )
    _create_calls()
    _create_jobs()


def _create_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("call_id", ID, nullable=False),
        sa.Column("node", ID, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("agent", ID),
        sa.Column("team", ID),
        sa.Column("profile", sa.String(32)),
        sa.Column("source", sa.String(16)),
        sa.Column("language", sa.String(35)),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("alerts", sa.Integer, nullable=False),
        sa.Column("scorecard", sa.Text),
        sa.PrimaryKeyConstraint("call_id", name="pk_calls"),
    )
    op.create_index("ix_calls_state_started_at", "calls", ["state", "started_at"])
    op.create_index("ix_calls_agent_started_at", "calls", ["agent", "started_at"])
    op.create_index("ix_calls_team_started_at", "calls", ["team", "started_at"])
    op.create_index("ix_calls_started_at_call_id", "calls", ["started_at", "call_id"])


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("node", ID),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("progress", sa.Double, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_created_at", "jobs", ["state", "created_at"])


def downgrade() -> None:
    op.drop_table("jobs")
    op.drop_table("calls")
    op.drop_table("events")

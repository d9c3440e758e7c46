"""The store: every call's log (the truth), projections of it that can be rebuilt, and jobs."""

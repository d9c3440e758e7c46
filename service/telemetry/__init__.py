"""Logs and metrics, kept at the seams: call logic does not know them."""

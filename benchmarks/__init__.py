"""What the service costs and how late it is, measured; run from a checkout, not part of the wheel."""

"""How right the detectors are: labelled calls, what was judged of them, and figures with their intervals.

Measuring code: it imports the product and is imported by none of it.
"""

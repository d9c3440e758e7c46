"""The service: sockets, HTTP, store, command line."""

import os

# BLAS meets only small matrices here (sentence vectors): on a busy machine its threads spin for nothing.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

"""A stack: what its file may say, how that is read, and what it becomes, in `batch.py`."""

"""``python -m ops``: what people do with a deployed stack, day by day."""

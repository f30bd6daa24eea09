"""The proof of least privilege: take away one grant at a time, and see who notices."""

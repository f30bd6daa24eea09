"""From what people have today to job files: crontabs and other schedulers' files."""

"""``python -m handbook``: write what the documentation has from the code (``make generate``)."""

from handbook import session
from handbook.parts import generated, pages

if __name__ == "__main__":  # the session's processes import it
    for page in pages():
        before = page.read_text()
        after = generated(before)
        if after != before:
            page.write_text(after)
    for file, text in session.files().items():
        file.write_text(text)

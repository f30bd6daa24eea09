"""``python -m handbook``: write what the documentation has from the code (``make generate``)."""

from handbook.parts import generated, pages

for page in pages():
    before = page.read_text()
    after = generated(before)
    if after != before:
        page.write_text(after)

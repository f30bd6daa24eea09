"""Where something stands in a YAML text."""

import yaml


def line_of(root: yaml.Node | None, *keys: str | int) -> int:
    """Say in which line something stands, counted from 1, or the last thing on the way there."""
    node, line = root, 1 if root is None else root.start_mark.line + 1
    for key in keys:
        entries: dict[str | int, tuple[yaml.Node, yaml.Node]] = {}
        if isinstance(node, yaml.MappingNode):
            entries = {name.value: (name, value) for name, value in node.value}
        elif isinstance(node, yaml.SequenceNode):
            entries = {number: (value, value) for number, value in enumerate(node.value)}
        if key not in entries:
            break
        where, node = entries[key]
        line = where.start_mark.line + 1
    return line

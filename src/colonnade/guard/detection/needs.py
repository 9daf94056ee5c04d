"""What an expression cannot do without: letters and digits that are cheaper to look for than the expression itself."""

from __future__ import annotations

from colonnade.records.expressions import Characters, Choice, Node, Repeat, Sequence_


def needs_of(tree: Node) -> tuple[tuple[str, ...], ...]:
    """Groups of texts in small letters: every match holds one of each group; the two that tell most."""
    telling = sorted(_candidates(tree), key=lambda group: (-min(map(len, group)), len(group)))
    return tuple(telling[:2])


def _candidates(node: Node) -> list[tuple[str, ...]]:
    if isinstance(node, Characters):
        return [(node.literal.lower(),)] if _is_plain(node) else []
    if isinstance(node, Choice):
        each = [needs_of(branch) for branch in node.branches]
        return [tuple(dict.fromkeys(need for needs in each for need in needs[0]))] if all(each) else []
    if isinstance(node, Repeat):
        return _candidates(node.body) if node.least else []
    found, run = list[tuple[str, ...]](), ""
    for item in node.items if isinstance(node, Sequence_) else ():
        if isinstance(item, Characters) and _is_plain(item):
            run += item.literal.lower()
        else:
            found += [(run,)] if run else []
            run = ""
            found += _candidates(item)
    return [*found, (run,)] if run else found


def _is_plain(node: Characters) -> bool:
    # A dotless i and a long s match their Latin twins in either case, and the clean reading has the twins.
    return bool(node.literal) and node.literal.isascii()


def digits_of(node: Node) -> int:
    """How many digits every match holds at least."""
    if isinstance(node, Characters):
        return int(node.source in (r"[\d]", "[0-9]", "[1-9]", "[2-9]"))
    if isinstance(node, Sequence_):
        return sum(map(digits_of, node.items))
    if isinstance(node, Choice):
        return min(map(digits_of, node.branches))
    return node.least * digits_of(node.body) if isinstance(node, Repeat) else 0

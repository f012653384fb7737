"""`format=flowed` (RFC 3676): lines that the sender's program broke are joined again. Nothing here raises."""

from __future__ import annotations

SIGNATURE = "-- "


def joined(text: str, *, delete_space: bool) -> str:
    """The text with soft line breaks undone, quoted lines within their depth; `delete_space` is DelSp=yes.

    A line that ends in a blank goes on in the next one of the same depth; the line before a signature never does.
    """
    whole: list[str] = []
    goes_on = False
    depth_before = 0
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        said = line[depth:]
        said = said[1:] if said[:1] == " " else said  # what was stuffed, or stands after the marks
        if goes_on and depth == depth_before and said != SIGNATURE:
            before = whole[-1]
            whole[-1] = (before[:-1] if delete_space else before) + said
        else:
            whole.append(f"{'>' * depth}{' ' if depth else ''}{said}" if depth else said)
        goes_on = said.endswith(" ") and said != SIGNATURE
        depth_before = depth
    return "\n".join(whole)

"""What stands between two marks of a page, made anew."""

__all__ = ["between", "part"]


def between(page: str, name: str, made: str) -> str:
    """The page with what stands between its marks of this name replaced."""
    before, start, rest = page.partition(_start(name))
    _, end, after = rest.partition(_end(name))
    if not (start and end):
        raise ValueError(f"no marks {name!r} in the page")
    return f"{before}{start}\n{made}\n{end}{after}"


def part(page: str, name: str) -> str:
    """What stands between the marks of this name."""
    return page.partition(_start(name))[2].partition(_end(name))[0]


def _start(name: str) -> str:
    return f"<!-- {name} -->\n"


def _end(name: str) -> str:
    return f"<!-- /{name} -->"

"""Charts of a page: one figure each, with what it shows in words and its numbers as a table."""

__all__: list[str] = []

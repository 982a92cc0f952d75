"""Sections of a page, one module for each question that a reader has."""

__all__: list[str] = []

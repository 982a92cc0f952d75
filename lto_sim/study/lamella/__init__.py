"""What a thin lamella and its recording do to k and Ea of insertion, and what stays open."""

from __future__ import annotations

__all__: list[str] = []

"""Maps over a grid of conductances: shares of the faces in columns, perimeters in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from lto_sim.plot.core_shell import CONTACT_COLOUR, Panel, draw_panel
from lto_sim.plot.style import figure, styled

__all__ = ["ConductanceGrid", "plot_conductances"]


@dataclass(frozen=True, eq=False)
class ConductanceGrid:
    """A grid of maps.

    Parameters
    ----------
    columns, rows : Labels of the columns and rows.
    panels : Maps (row, column); the text of each stands below it.
    marked : (row, column) of the panel that is framed.
    """

    columns: Sequence[str]
    rows: Sequence[str]
    panels: Sequence[Sequence[Panel]]
    marked: tuple[int, int] | None


def plot_conductances(grid: ConductanceGrid, x_label: str, y_label: str, title: str, caption: str) -> Figure:
    """Plot the grid, the first row at the bottom.

    Parameters
    ----------
    grid : The maps.
    x_label, y_label : What columns and rows are.
    title : Title of the figure.
    caption : What the texts mean and how they are defined, in lines.
    """
    with styled():
        page = figure(2.35 * len(grid.columns) + 1.7, 2.2 * len(grid.rows) + 1.9)
        axes = page.subplots(len(grid.rows), len(grid.columns), squeeze=False)
        image = None
        for i, (row, label) in enumerate(zip(grid.panels, grid.rows, strict=True)):
            line = axes[len(grid.rows) - 1 - i]
            for j, (ax, panel) in enumerate(zip(line, row, strict=True)):
                image = draw_panel(ax, Panel(panel.image, panel.size, ""), bar=(i, j) == (0, 0))
                ax.set_xlabel(panel.text, fontsize=8.5, labelpad=3)
                if grid.marked == (i, j):
                    ax.spines[["top", "right", "bottom"]].set(visible=True, color=CONTACT_COLOUR, lw=3)
            line[0].set_ylabel(label, labelpad=8)
        for ax, label in zip(axes[0], grid.columns, strict=True):
            ax.set_title(label, fontsize=9.5)
        if image is not None:
            page.colorbar(image, ax=axes, shrink=0.5, pad=0.015).set_label("Li fraction x")
        page.suptitle(f"{title}\n{x_label}", fontsize=11)
        page.supylabel(y_label, fontsize=10)
        page.supxlabel(caption, fontsize=9, x=0.01, ha="left")
        return page

"""A card as an HTML-like label of Graphviz."""

from __future__ import annotations

from math import ceil

from minigrad.drawing import style as look
from minigrad.drawing.lines import elide, wrap
from minigrad.drawing.metrics import width
from minigrad.drawing.model import Card, Picture, Run, Style, Text, bold, italic
from minigrad.markup import xml

_LOSS_WIDTH = 60
_T = italic("T")
_GAP = "     "


class CardLabel:
    """The table of one card: symbol, operation and shape; forward formula; gradient band.

    The table has the size of the complete card even where it is drawn without its band, so that
    a picture keeps its arrangement. ``least`` is the least width that it takes.
    """

    def __init__(self, card: Card, least: float = 0.0) -> None:
        self.card, self.least = card, least
        self.title = _bold(card.symbol)
        self.symbol = elide(self.title, look.SYMBOL_SIZE, look.LINE_WIDTH)
        op = Text.of(_fitting(card.op))
        parts = [part for part in (op, Text.of(card.shape)) if part]
        self.detail = Text.of("  ", *(parts[:1] + [Text.of("  ") + part for part in parts[1:]]))
        self.forward = _lines(card.forward)
        self.gradient = _lines(card.gradient)

    @property
    def elided(self) -> tuple[Text, ...]:
        """The texts of the card that are not shown whole."""
        shown = {
            self.title: (self.symbol,),
            self.card.forward: self.forward,
            self.card.gradient: self.gradient,
        }
        return tuple(
            Text.of(*text.runs)
            for text, lines in shown.items()
            if text and any(line.plain.endswith("…") for line in lines)
        )

    def html(self, *, backward: bool) -> str:
        """The label as a string for DOT, with its angle brackets."""
        ink = look.INKS[self.card.kind]
        header, forward, band = self._heights(backward=backward)
        rows = [self._header(header)]
        if self.forward:
            rows.append(f"<TR>{_cell(self.forward, forward, look.TEXT)}</TR>")
        if self.gradient and backward:
            fill = f'BGCOLOR="{look.BAND}" STYLE="ROUNDED"'
            rows.append(f"<HR/><TR>{_cell(self.gradient, band, look.GRADIENT, fill)}</TR>")
        return (
            f'<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{look.PADDING}" '
            f'STYLE="ROUNDED" COLOR="{ink.border}" BGCOLOR="{ink.fill}">{"".join(rows)}</TABLE>>'
        )

    def _header(self, height: int) -> str:
        symbol = font(html_of(self.symbol, look.SYMBOL_SIZE), look.SYMBOL_SIZE, look.TEXT)
        detail = font(html_of(self.detail, look.DETAIL_SIZE), look.DETAIL_SIZE, look.DETAIL)
        left, right = self._widths()
        return (
            f'<TR><TD ALIGN="LEFT" WIDTH="{left}" HEIGHT="{height}">{symbol}</TD>'
            f'<TD ALIGN="RIGHT" WIDTH="{right}">{detail}</TD></TR>'
        )

    def _widths(self) -> tuple[int, int]:
        """The widths of the two columns, wide enough for every line."""
        symbol = ceil(width(self.symbol, look.SYMBOL_SIZE)) + 2 * look.PADDING
        detail = ceil(width(self.detail, look.DETAIL_SIZE)) + 2 * look.PADDING
        lines = (width(line, look.FORMULA_SIZE) for line in (*self.forward, *self.gradient))
        whole = max(max(lines, default=0.0) + 2 * look.PADDING, self.least)
        return symbol, max(detail, ceil(whole) - symbol)

    def _heights(self, *, backward: bool) -> tuple[int, int, int]:
        """The heights of the rows; without its band the other rows share the band's height."""
        forward, band = _height(self.forward), _height(self.gradient)
        if backward or not band:
            return look.HEADER_HEIGHT, forward, band
        above = band // 3 if forward else band
        return look.HEADER_HEIGHT + above, forward + band - above, 0


def region_label(title: Text, accent: str) -> str:
    """The title of a cluster, in its accent colour."""
    html = html_of(elide(title, look.REGION_SIZE, look.LINE_WIDTH), look.REGION_SIZE)
    return f"<{font(html, look.REGION_SIZE, accent)}>"


def width_beside(title: Text, *, inner: int) -> float:
    """The width of a card whose axis passes a region's title on the right.

    ``inner`` counts the regions between: each is indented by the margin.
    """
    needed = width(title, look.REGION_SIZE) + look.MARGIN / 2 - look.MARGIN * inner
    return min(2 * needed, look.TITLED_WIDTH)


def picture_label(picture: Picture, *, backward: bool) -> str:
    """Title, subtitle and legend, as wide with the backward part of the legend as without."""
    whole = _legend(picture, backward=True)
    rows = []
    if picture.title.strip():
        shown = elide(Text.of(bold(picture.title)), look.TITLE_SIZE, look.PICTURE_WIDTH)
        title = font(html_of(shown, look.TITLE_SIZE), look.TITLE_SIZE, look.TEXT)
        rows.append(f"<TR><TD>{title}</TD></TR>")
    if picture.subtitle:
        shown = elide(picture.subtitle, look.LEGEND_SIZE, look.PICTURE_WIDTH)
        subtitle = html_of(shown, look.LEGEND_SIZE)
        rows.append(f"<TR><TD>{font(subtitle, look.LEGEND_SIZE, look.DETAIL)}</TD></TR>")
    across = ceil(sum(width(text, look.LEGEND_SIZE) for text, _ in whole)) + look.SLACK
    legend = "".join(
        font(html_of(text, look.LEGEND_SIZE), look.LEGEND_SIZE, colour)
        for text, colour in _legend(picture, backward=backward)
    )
    rows.append(f'<TR><TD WIDTH="{across}">{legend}</TD></TR>')
    rows.append('<TR><TD HEIGHT="6"></TD></TR>')
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">'
    return f"<{table}{''.join(rows)}</TABLE>>"


def _legend(picture: Picture, *, backward: bool) -> list[tuple[Text, str]]:
    legend = [(Text.of(bold("▼ blue"), " = forward values"), look.FORWARD)]
    if backward and any(edge.gradient for edge in picture.edges):
        losses = (card.symbol for card in picture.cards if card.kind == "loss")
        loss = elide(next(losses, Text.of(italic("L"))), look.LEGEND_SIZE, _LOSS_WIDTH)
        meaning = Text.of(bold("▲ orange"), " = backward, d", _T, " means ∂", loss, "/∂", _T)
        legend += [(Text.of(_GAP), look.TEXT), (meaning, look.BACKWARD)]
    return legend


def _bold(symbol: Text) -> Text:
    """A card's name; the path that leads to it stays as it is."""
    return Text(
        tuple(
            run if Style.SMALL in run.style else Run(run.string, run.style | Style.BOLD)
            for run in symbol.runs
        )
    )


def _fitting(op: str) -> str:
    """As many of the operations as there is room for, and how many more there are."""
    words = op.split(", ")
    for count in range(len(words), 0, -1):
        shown = ", ".join(words[:count]) + (f" +{len(words) - count}" if words[count:] else "")
        if width(Text.of(shown), look.DETAIL_SIZE) <= look.DETAIL_WIDTH:
            return shown
    return elide(Text.of(op), look.DETAIL_SIZE, look.DETAIL_WIDTH).plain


def _lines(text: Text | None) -> tuple[Text, ...]:
    return wrap(text, look.FORMULA_SIZE, look.LINE_WIDTH, look.MAX_LINES) if text else ()


def _height(lines: tuple[Text, ...]) -> int:
    return look.LINE_HEIGHT * len(lines) + 2 * look.PADDING if lines else 0


def _cell(lines: tuple[Text, ...], height: int, colour: str, attributes: str = "") -> str:
    shown = [font(html_of(line, look.FORMULA_SIZE), look.FORMULA_SIZE, colour) for line in lines]
    # Between lines in one cell Graphviz leaves less room where a line holds subscripts.
    rows = "".join(
        f'<TR><TD ALIGN="LEFT" HEIGHT="{look.LINE_HEIGHT}">{html}</TD></TR>' for html in shown
    )
    inner = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'
    text = inner if len(lines) > 1 else shown[0]
    return f'<TD COLSPAN="2" ALIGN="LEFT" HEIGHT="{height}" {attributes}>{text}</TD>'


def html_of(text: Text, size: int) -> str:
    """A line of text in Graphviz's HTML."""
    return "".join(_run(run, size) for run in text.runs)


def _run(run: Run, size: int) -> str:
    html = _clean(run.string)
    for flag, tag in ((Style.ITALIC, "I"), (Style.BOLD, "B")):
        if flag in run.style:
            html = f"<{tag}>{html}</{tag}>"
    for flag, tag in ((Style.SUB, "SUB"), (Style.SUP, "SUP")):
        if flag in run.style:
            html = f'<FONT POINT-SIZE="{look.SCRIPT_SIZES[size]}"><{tag}>{html}</{tag}></FONT>'
    if Style.SMALL in run.style:
        html = f'<FONT POINT-SIZE="{look.DETAIL_SIZE}">{html}</FONT>'
    return html


def font(html: str, size: int, colour: str) -> str:
    """HTML set in one size and colour; a space if there is none, for Graphviz needs something."""
    html = html or " "
    return f'<FONT POINT-SIZE="{size}" COLOR="{colour}">{html}</FONT>'


def _clean(string: str) -> str:
    # Graphviz takes \\N, \\G and their like for names even here, each version in its own way.
    return xml(" ".join(string.splitlines())).replace("\\", "\N{SET MINUS}")

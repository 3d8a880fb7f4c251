"""Charts as an SVG file, or on standard output."""

import sys
from collections.abc import Sequence

from perpcalc.errors import PerpcalcError
from perpcalc.given import Given
from perpcalc.options import PORTFOLIO, SVG
from perpcalc.picture import Chart

STANDARD_OUTPUT = "-"


def write_svg(given: Given, charts: Sequence[Chart]) -> bool:
    """Write the charts where they are wanted; whether that was standard output, in place of the answer."""
    from perpcalc.render.svg import svg

    path = given[SVG] or STANDARD_OUTPUT
    picture = svg(charts)
    if path == STANDARD_OUTPUT:
        sys.stdout.write(picture)
        return True
    if not path.lower().endswith(".svg"):
        raise PerpcalcError(f"{path} does not end in .svg", "give the name of a picture, as in chart.svg").at(SVG.key)
    from perpcalc.saving import write_whole

    own = given[PORTFOLIO]
    try:
        write_whole(path, picture.encode(), [own] if own is not None else [])
    except PerpcalcError as error:
        raise error.at(SVG.key) from None
    return False

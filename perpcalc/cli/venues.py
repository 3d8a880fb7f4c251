"""`perpcalc venues`: what is known of the venues, since when, from where and how surely; and adding to it."""

from perpcalc.answer import Answer
from perpcalc.given import one, switch

NAME = one("name", str, "NAME[@DATE]", "A venue, as `perpcalc venues list` names it.", complete="venue", argument=True)
FILE = one("file", str, "FILE", "A venue file of one's own.", complete="file", argument=True)
TOML = switch("toml", "Print the venue's file itself: an example for one of one's own.")
PROVENANCE = ("from", "source", "confidence", "note")


class Listed(Answer):
    """A venue that there is a file for."""

    title = "Venues"
    columns = ("name", "known_until", "title", "instruments")

    name: str
    title_of: str

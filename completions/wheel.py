"""What a wheel holds beside the sources: the tables of each venue as JSON, which is read some 50 times as fast as TOML.

Hatchling runs it when it builds a wheel; an editable installation reads the TOML files themselves.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class VenueTables(BuildHookInterface[Any]):
    """Puts the tables of the venues into a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write them, and tell the builder where they belong."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from perpcalc.venues.tables import derived_file, parsed

        self.folder = tempfile.TemporaryDirectory()
        for source in Path(self.root, "perpcalc", "venues").glob("*.toml"):
            written = Path(self.folder.name, Path(derived_file(source.stem)).name)
            written.write_text(json.dumps(parsed(source.read_text("utf-8"))), "utf-8")
            build_data["force_include"][str(written)] = f"perpcalc/venues/{written.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        if version != "editable":
            self.folder.cleanup()

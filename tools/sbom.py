"""Write the bill of materials (CycloneDX) of what requirements.lock installs and reports carry: `make sbom`.

cyclonedx-py lists the lock. What it cannot know is added here, and what concerns nobody else is left out: the licenses,
as the installed packages state them, and the scripts and fonts of the pages come in; addresses of an index go.
"""

import json
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

_CLASSIFIER = "License :: "
_ASSETS = Path(__file__).parents[1] / "htanalysis" / "assets"

#: Scripts that reports carry, and where each tells its version.
_SCRIPTS = {("MiniSearch", "minisearch.min.js"): r"MiniSearch ([\d.]+)"}
#: Fonts that reports carry, with the version in their packed table of names.
_FONTS = {("Source Sans 3", "source-sans-3"): "3.052", ("Source Serif 4", "source-serif-4"): "4.004"}


def complete(bom: dict[str, Any]) -> dict[str, Any]:
    """Give a bill of materials with licenses, hashes that need no address, and what reports carry."""
    for tool in bom["metadata"]["tools"]["components"]:
        del tool["externalReferences"]
    carried = list(_list_carried())
    own = [{"ref": component["bom-ref"]} for component in carried]
    components = [*map(_complete, bom["components"]), *carried]
    return bom | {"components": components, "dependencies": [*bom["dependencies"], *own]}


def _list_carried() -> Iterator[dict[str, Any]]:
    """Give each script and each font that lies in the package and goes into reports."""
    for (name, file), pattern in _SCRIPTS.items():
        version = re.search(pattern, (_ASSETS / file).read_text(encoding="utf-8")[:400])[1]
        yield _describe(_ASSETS / file, "library", name, version, "MIT")
    for (name, begin), version in _FONTS.items():
        for path in sorted(_ASSETS.glob(f"{begin}-*.woff2")):
            yield _describe(path, "file", name, version, "OFL-1.1")


def _describe(path: Path, kind: str, name: str, version: str, license_id: str) -> dict[str, Any]:
    return {
        "type": kind,
        "bom-ref": path.name,
        "name": name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": sha256(path.read_bytes()).hexdigest()}],
        "licenses": [{"license": {"id": license_id}}],
        "properties": [{"name": "htanalysis:file", "value": f"htanalysis/assets/{path.name}"}],
    }


def _complete(component: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in component.items() if name != "description"}
    files = [
        {"type": "distribution", "url": component["purl"], "comment": "any one of these", "hashes": reference["hashes"]}
        for reference in component["externalReferences"]
    ]
    licenses = _find_licenses(component["name"])
    return kept | {"externalReferences": files} | ({"licenses": licenses} if licenses else {})


def _find_licenses(name: str) -> list[dict[str, Any]]:
    """Give the licenses of a package that is installed; of one for another system or Python none is known."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return []
    if told["License-Expression"]:
        return [{"expression": told["License-Expression"]}]
    classifiers = [text for text in told.get_all("Classifier", []) if text.startswith(_CLASSIFIER)]
    names = [text.rpartition(" :: ")[2] for text in classifiers] or [told["License"] or ""]
    # Some state the whole text of their license.
    return [{"license": {"name": text}} for text in names if text and "\n" not in text]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(complete(json.load(sys.stdin)), indent=1) + "\n", encoding="utf-8")

"""Street addresses as others may see them: down to the building, not to the door."""

import re

BUILDING = re.compile(r"^.*?\d+\s*(?:幢|栋|号楼|座|号)")
SHORTEST = 6


def mask(address: str) -> str:
    """日新里3幢2单元401室 as 日新里3幢***; what names no building is cut to its beginning."""
    found = BUILDING.match(address)
    kept = found.group() if found else re.split(r"\d", address, maxsplit=1)[0][:SHORTEST]
    return address if kept == address else f"{kept}***"

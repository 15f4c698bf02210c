"""The tools of the browser tests: `python -m tests.browser.tools fetch` gets what npm has.

Each file is pinned by version and sha256 in tools.txt and lies in var/tools.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent.parent / "var" / "tools"


class Tool(NamedTuple):
    package: str
    version: str
    file: str
    sha256: str

    @property
    def path(self) -> Path:
        return PLACE / f"{self.package}-{self.version}" / Path(self.file).name

    def is_here(self) -> bool:
        if not self.path.exists():
            return False
        return hashlib.sha256(self.path.read_bytes()).hexdigest() == self.sha256


def pinned() -> dict[str, Tool]:
    lines = (HERE / "tools.txt").read_text().splitlines()
    tools = [Tool(*line.split()) for line in lines if line and not line.startswith("#")]
    return {tool.package: tool for tool in tools}


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def missing() -> list[str]:
    """A sentence for each tool that is not on this machine, with the command that gets it."""
    sentences = []
    if not chromium():
        sentences.append("chromium is missing: apt-get install chromium fonts-noto-cjk")
    if not shutil.which("java"):
        sentences.append("java is missing: apt-get install default-jre-headless")
    for tool in pinned().values():
        if not tool.is_here():
            get = "python -m tests.browser.tools fetch (needs npm)"
            sentences.append(f"{tool.package} {tool.version} is missing: {get}")
    return sentences


def fetch() -> None:
    """Get each pinned package with `npm pack`; refuse a file that is not the pinned one."""
    for tool in pinned().values():
        if tool.is_here():
            continue
        with tempfile.TemporaryDirectory() as folder:
            name = f"{tool.package}@{tool.version}"
            subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True)
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as package:
                content = package.extractfile(f"package/{tool.file}").read()
        if hashlib.sha256(content).hexdigest() != tool.sha256:
            sys.exit(f"{name}: {tool.file} is not the file that is pinned in tools.txt")
        tool.path.parent.mkdir(parents=True, exist_ok=True)
        tool.path.write_bytes(content)


if __name__ == "__main__":
    if sys.argv[1:] == ["fetch"]:
        fetch()
    print("\n".join(missing()) or "All tools of the browser tests are here.")

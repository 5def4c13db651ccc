"""Prints which versions of the peers' libraries are installed, those that are."""

from importlib.metadata import PackageNotFoundError, version

for library in ("asyncssh", "netmiko", "nornir", "nornir-netmiko", "paramiko", "scrapli", "ssh2-python"):
    try:
        print(library, version(library))
    except PackageNotFoundError:
        pass

"""What the peers' scripts share: the fleet's inventory in, one line of JSON out.

A script is called as `python NAME_peer.py INVENTORY SESSIONS COMMAND...`; the inventory is what
`netsweep simulate --output` wrote. The clock and the processor time begin when everything is imported
and read, so that nobody pays for the start of Python.
"""

import json
import resource
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor

# No device takes longer over anything, however busy the machine is.
TIMEOUT = 120


class Sweep:
    """What is to be done: `session(device)` on every one of `devices`, `sessions` at once."""

    def __init__(self):
        with open(sys.argv[1], "rb") as file:
            inventory = tomllib.load(file)
        self.devices = inventory["devices"]
        self.username = inventory["defaults"]["username"]
        self.password = inventory["defaults"]["password"]
        self.sessions = int(sys.argv[2])
        self.commands = sys.argv[3:]


def threads(session):
    """Sweeps with a pool of threads; `session(sweep, device)` runs the commands, or raises."""

    def run(sweep):
        def one(device):
            try:
                session(sweep, device)
                return True
            except Exception as error:  # Whatever a library raises: the device failed.
                print(f"{device['name']}: {error!r}", file=sys.stderr)
                return False

        with ThreadPoolExecutor(max_workers=sweep.sessions) as pool:
            return sum(pool.map(one, sweep.devices))

    measure(run)


def measure(run):
    """Runs `run(sweep)`, which gives how many devices went well, and prints what it cost."""
    sweep = Sweep()
    began, before = time.monotonic(), processor_time()
    ok = run(sweep)
    figures = {
        "ok": ok,
        "failed": len(sweep.devices) - ok,
        "makespan_s": time.monotonic() - began,
        "cpu_s": processor_time() - before,
    }
    print(json.dumps(figures))


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime

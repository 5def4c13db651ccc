#!/usr/bin/env python3
"""Sweeps devices over Telnet with threads, processes, or both: the yardstick for netsweep's own mixes.

Reads one JSON object from standard input:

    {"endpoints": [{"address": "127.1.0.1", "port": 2323}, ...],
     "commands": ["show version"], "cpu_ms": 5, "processes": 2, "threads": 8, "timeout": 30}

and prints one line of JSON: the makespan in seconds, the CPU time of the processes, and how the sessions
ended. Both count from the moment when all processes are up. `processes` processes share the endpoints, each with a pool of `threads` threads; each command's
answer is followed by `cpu_ms` of computing in Python, in place of a parser. `timeout` is for each answer.

Nothing but the standard library is used, so that what is measured is Python. The devices are simulated
ones of `netsweep simulate`, which take any password and have Cisco's manners.
"""

import json
import multiprocessing
import os
import re
import resource
import socket
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
ECHO, SUPPRESS_GO_AHEAD = 1, 3

ASKS_NAME = re.compile(rb"(?:username|login): ?$", re.IGNORECASE)
ASKS_PASSWORD = re.compile(rb"password: ?$", re.IGNORECASE)
PROMPT = re.compile(rb"(?:^|\n)([\w.@()/:~-]+[>#] ?)$")

# Processes have to be up before the clock runs; a machine that needs longer than this is not a yardstick.
START_TIMEOUT = 60


class Failure(Exception):
    """A session's failure; its text is the kind."""


class Telnet:
    """A Telnet connection, as text goes: options are answered and left out."""

    def __init__(self, address, port, timeout):
        self.timeout = timeout
        try:
            self.socket = socket.create_connection((address, port), timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except socket.timeout:
            raise Failure("timeout") from None
        except OSError:
            raise Failure("connect") from None
        self.raw = b""
        self.text = bytearray()

    def close(self):
        self.socket.close()

    def send_line(self, line):
        self.socket.sendall(line.encode() + b"\r\n")

    def until(self, *patterns):
        """Waits until what came since the last call ends in one of the patterns; gives its number and match."""
        deadline = time.monotonic() + self.timeout
        while True:
            tail = bytes(self.text[-200:])
            for number, pattern in enumerate(patterns):
                match = pattern.search(tail)
                if match:
                    self.text.clear()
                    return number, match
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise Failure("timeout")
            self.socket.settimeout(remaining)
            received = self.socket.recv(65536)
            if not received:
                raise Failure("disconnected")
            self.take(received)

    def take(self, received):
        """Takes the options out of what was received; a command that is not complete waits for its rest."""
        raw = self.raw + received
        at, answer = 0, bytearray()
        while True:
            iac = raw.find(IAC, at)
            self.text += raw[at : iac if iac >= 0 else len(raw)].replace(b"\0", b"")
            if iac < 0:
                self.raw = b""
                break
            at = iac
            length = self.command_length(raw, iac)
            if length is None:
                self.raw = raw[iac:]
                break
            command = raw[iac + 1]
            if command == IAC:
                self.text.append(IAC)
            elif command == DO:
                answer += bytes((IAC, WONT, raw[iac + 2]))
            elif command == WILL:
                wanted = raw[iac + 2] in (ECHO, SUPPRESS_GO_AHEAD)
                answer += bytes((IAC, DO if wanted else DONT, raw[iac + 2]))
            at = iac + length
        if answer:
            self.socket.sendall(answer)

    @staticmethod
    def command_length(raw, iac):
        """Bytes of the command at `iac`; None where more have to come."""
        if iac + 1 >= len(raw):
            return None
        if raw[iac + 1] == SB:
            end = raw.find(bytes((IAC, SE)), iac + 2)
            return end + 2 - iac if end >= 0 else None
        length = 3 if raw[iac + 1] in (DO, DONT, WILL, WONT) else 2
        return length if iac + length <= len(raw) else None


def log_in(telnet):
    """Logs in; gives the prompt as a pattern."""
    asked = 0
    while True:
        number, match = telnet.until(ASKS_NAME, ASKS_PASSWORD, PROMPT)
        if number == 2:
            return re.compile(rb"\n" + re.escape(match.group(1)) + rb"$")
        asked += 1
        if asked > 2:
            raise Failure("auth")
        telnet.send_line("admin" if number == 0 else "any")


def compute(seconds):
    """Computes in Python until this thread has had the CPU for so long."""
    end = time.thread_time() + seconds
    value = 1
    while time.thread_time() < end:
        for _ in range(200):
            value = value * 1103515245 % 2147483647


def session(endpoint, work):
    """One device, from connection to last answer."""
    telnet = Telnet(endpoint["address"], endpoint["port"], work["timeout"])
    try:
        prompt = log_in(telnet)
        for number, command in enumerate(["terminal length 0"] + work["commands"]):
            telnet.send_line(command)
            telnet.until(prompt)
            if number > 0 and work["cpu_ms"] > 0:
                compute(work["cpu_ms"] / 1000)
    except socket.timeout:
        raise Failure("timeout") from None
    except OSError:
        raise Failure("disconnected") from None
    finally:
        telnet.close()


def sweep(work, following, ends):
    """What one thread does: takes the next device as long as there is one, and counts how sessions end."""
    endpoints = work["endpoints"]
    while True:
        with following.get_lock():
            number = following.value
            following.value += 1
        if number >= len(endpoints):
            return
        try:
            session(endpoints[number], work)
            ends["ok"] += 1
        except Failure as failure:
            ends[str(failure)] += 1


def process(work, following, ready, result):
    """What one process does."""
    tallies = [Counter() for _ in range(work["threads"])]
    with ThreadPoolExecutor(max_workers=work["threads"]) as pool:
        ready.wait(START_TIMEOUT)
        futures = [pool.submit(sweep, work, following, ends) for ends in tallies]
        for future in futures:
            future.result()
    ended = time.monotonic()
    used = resource.getrusage(resource.RUSAGE_SELF)
    ends = sum(tallies, Counter())
    result.send({"ended": ended, "ends": ends, "user": used.ru_utime, "system": used.ru_stime})


def end_with(parent):
    """Ends this process when the other end of the pipe `parent` is closed."""
    os.read(parent, 1)
    os._exit(1)


def child(work, following, ready, result, parent, write):
    os.close(write)
    threading.Thread(target=end_with, args=(parent,), daemon=True).start()
    process(work, following, ready, result)


def main():
    work = json.load(sys.stdin)
    context = multiprocessing.get_context("fork")
    following = context.Value("q", 0)
    ready = context.Barrier(work["processes"] + 1)
    parent, write = os.pipe()
    children = []
    for _ in range(work["processes"]):
        receive, send = context.Pipe(duplex=False)
        arguments = (work, following, ready, send, parent, write)
        one = context.Process(target=child, args=arguments, daemon=True)
        one.start()
        send.close()
        children.append((one, receive))
    ready.wait(START_TIMEOUT)
    began = ended = time.monotonic()

    user = system = 0.0
    ends = Counter()
    for one, receive in children:
        try:
            told = receive.recv()
        except EOFError:
            sys.exit("a process ended without a word")
        one.join()
        ended = max(ended, told["ended"])
        user, system = user + told["user"], system + told["system"]
        ends.update(told["ends"])
    sessions = len(work["endpoints"])
    print(
        json.dumps(
            {
                "makespan": ended - began,
                "user": user,
                "system": system,
                "sessions": sessions,
                "failures": sessions - ends.pop("ok", 0),
                "errors": ends,
            }
        )
    )


if __name__ == "__main__":
    main()

"""A process that has imported everything and forks one of its own for each command line.

Starting Python and importing takes 0.8 s, a fork 10 ms; and what is typed still has a process, a
terminal, an environment and signals of its own. A request is JSON over a socket, with the three
standard streams; the answers are the process's number and, at its end, its exit code.
"""

import array
import json
import os
import signal
import socket
import struct
import sys
from typing import Any

ANSWER = struct.Struct("!i")


def main() -> None:
    import ops.app  # what a command line imports
    import ops.aws

    del ops
    listening = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C of whoever runs the tests
    parent = os.getppid()
    listening.settimeout(5)
    while os.getppid() == parent:  # or whoever ran the tests is gone
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            continue
        connection.setblocking(True)
        if os.fork() == 0:
            listening.close()
            _attend(connection)
            os._exit(0)
        connection.close()


def _attend(connection: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, streams = _received(connection)
    child = os.fork()
    if child == 0:
        connection.close()
        os._exit(_typed(request, streams))
    for stream in streams:
        os.close(stream)
    connection.sendall(ANSWER.pack(child))
    connection.sendall(ANSWER.pack(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))


def _received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    streams = array.array("i")
    text, ancillary, _, _ = connection.recvmsg(1 << 20, socket.CMSG_SPACE(3 * streams.itemsize))
    for _, _, data in ancillary:
        streams.frombytes(data)
    while not text.endswith(b"\n"):
        text += connection.recv(1 << 20)
    return json.loads(text), list(streams)


def _typed(request: dict[str, Any], streams: list[int]) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        if stream > 2:
            os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["directory"])
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
        for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    from ops.app import main as run

    try:
        code = run(request["arguments"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code or 0)


if __name__ == "__main__":
    main()

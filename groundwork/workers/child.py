"""The isolated process: reads one piece of work after another from standard input, answers on standard output.

Started by `processes.py` as `python -m groundwork.workers.child MEMORY_BYTES SECONDS PARENT`. It limits itself
before it reads the first byte, and does not outlive its parent. Messages are pickles with a length in front; both ends
are ours, and nothing else can write to the pipe.
"""

import ctypes
import math
import os
import pickle
import resource
import signal
import struct
import sys
import warnings
from typing import BinaryIO

from groundwork.memory import give_back, resident_bytes
from groundwork.workers.interface import OutOfMemory, WorkFailed

LENGTH = struct.Struct(">Q")
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_CORES_USED = 4  # by threads of encoders, whose times add up
_IDLE_BYTES = 96 * 1024 * 1024


def bound_memory(memory: int) -> None:
    """Bytes of address space of this process, from now on."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def limit(memory: int) -> None:
    """Address space, open files, no core file, no new file."""
    bound_memory(memory)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def die_with(parent: int) -> None:
    """End with the process that started this one, however that ends. Ctrl-C in its terminal is its own affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was gone before the line above
            sys.exit()


def serve(source: BinaryIO, target: BinaryIO, seconds: int) -> None:
    """Say that it is ready, then work until the other end closes. A piece may take `seconds` of some cores."""
    target.write(LENGTH.pack(0))
    target.flush()
    while len(head := source.read(LENGTH.size)) == LENGTH.size:
        _limit_time(seconds * _CORES_USED)
        answer = _do(source.read(LENGTH.unpack(head)[0]))
        target.write(LENGTH.pack(len(answer)) + answer)
        target.flush()
        del answer
        if resident_bytes() > _IDLE_BYTES:
            give_back()


def _limit_time(seconds: int) -> None:
    """A backstop to the pool's own limit. RLIMIT_CPU counts a whole life, so it moves on with each piece."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _do(message: bytes) -> bytes:
    """Whether it went well, and the result or error, as a pickle. Errors with a `code` are expected endings."""
    try:
        return pickle.dumps((True, pickle.loads(message)()))
    except MemoryError:
        found: Exception = OutOfMemory("it needs more memory than the process may use")
    except Exception as error:  # noqa: BLE001  the process must live on
        expected = isinstance(getattr(error, "code", None), str)
        found = error if expected else WorkFailed(f"{type(error).__name__}: {error}")
    return pickle.dumps((False, found))


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # libraries warn of every odd thing in strangers' bytes; what matters is an error
    die_with(int(sys.argv[3]))
    limit(int(sys.argv[1]))
    serve(sys.stdin.buffer, sys.stdout.buffer, int(sys.argv[2]))

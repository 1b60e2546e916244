"""The isolated process: reads one piece of work after another from standard input, answers on standard output.

Started by `pool.py` as `python -m imagepipe.isolation.worker MEMORY_BYTES`. It limits itself before it reads the first
byte. Messages are pickles with a length in front; both ends are ours, and nothing else can write to the pipe.
"""

import pickle
import resource
import struct
import sys
import warnings
from typing import BinaryIO

from imagepipe.errors import BrokenPicture, ImageError, PictureTooLarge

LENGTH = struct.Struct(">Q")


def limit(memory: int) -> None:
    """Address space, open files, no core file, no new file. Time is the pool's part: RLIMIT_CPU counts a whole life."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Say that it is ready, then work until the other end closes."""
    target.write(LENGTH.pack(0))
    target.flush()
    while len(head := source.read(LENGTH.size)) == LENGTH.size:
        answer = pickle.dumps(_do(source.read(LENGTH.unpack(head)[0])))
        target.write(LENGTH.pack(len(answer)) + answer)
        target.flush()


def _do(message: bytes) -> tuple[bool, object]:
    try:
        return True, pickle.loads(message)()
    except ImageError as error:
        return False, error
    except MemoryError:
        return False, PictureTooLarge("no memory for its pixels within the process's limit")
    except Exception as error:  # noqa: BLE001  the process must live on, and the caller knows only one family
        return False, BrokenPicture(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", module="PIL")
    limit(int(sys.argv[1]))
    serve(sys.stdin.buffer, sys.stdout.buffer)

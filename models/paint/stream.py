"""Samples from `kinora dataset`, read from its standard output.

Layout, little-endian: 8 bytes of magic, a u32 length and that many bytes of JSON, then samples of one fixed size. The
JSON names the sample's fields, their types and shapes, in order.
"""

import json
import queue
import subprocess
import threading

import numpy as np

MAGIC = b"KINORADS"


class Stream:
    """`batches` yields structured arrays of `batch` samples; a thread keeps a few ready."""

    def __init__(self, command: list[str], batch: int, ahead: int = 6):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        pipe = self.process.stdout
        magic = pipe.read(8)
        if magic != MAGIC:
            raise RuntimeError(f"{' '.join(command)}: not a stream of samples (starts with {magic!r})")
        self.header = json.loads(pipe.read(int.from_bytes(pipe.read(4), "little")))
        self.dtype = np.dtype([(f["name"], f["type"], tuple(f["shape"])) for f in self.header["fields"]])
        self._queue: queue.Queue = queue.Queue(ahead)
        self._thread = threading.Thread(target=self._read, args=(pipe, batch), daemon=True)
        self._thread.start()

    def _read(self, pipe, batch: int) -> None:
        size = self.dtype.itemsize
        while True:
            data = pipe.read(size * batch)
            if len(data) >= size:
                self._queue.put(np.frombuffer(data[: len(data) // size * size], self.dtype))
            if len(data) < size * batch:
                self._queue.put(None)
                return

    def batches(self):
        while (b := self._queue.get()) is not None:
            yield b

    def close(self) -> None:
        self.process.kill()
        self.process.wait()

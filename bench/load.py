"""A small load generator over raw sockets: `python -m bench.load PORT PATH COUNT CONNECTIONS`.

Runs as a process of its own and prints the seconds and latencies as JSON. Loopback only.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

from bench.desk import comment, percentile, signature


class Visitor(asyncio.Protocol):
    """One connection: sends the next request when the last was answered."""

    def __init__(self, requests: list[bytes], times: list[float], done: asyncio.Future[None]) -> None:
        self._requests, self._times, self._done = requests, times, done
        self._sent = 0.0
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data  # a server may send head and body one after the other
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"the door answered {head[:80]!r}")
        self._answer = b""
        self._times.append(time.perf_counter() - self._sent)
        self._next()

    def _next(self) -> None:
        if not self._requests:
            self._transport.close()
            if not self._done.done():
                self._done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(self._requests.pop())


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", head)
    return int(found[1]) if found else 0


def request(path: str, port: int, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: {signature(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def main(port: int, path: str, count: int, connections: int) -> None:
    requests = [request(path, port, comment(number, count // 4, 200)) for number in range(count)]
    times: list[float] = []
    loop = asyncio.get_running_loop()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for end in ends:
        await loop.create_connection(lambda end=end: Visitor(requests, times, end), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*ends)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "p50": percentile(times, 0.5), "p99": percentile(times, 0.99)}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))

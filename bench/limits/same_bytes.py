"""The limit of an answer: an ASGI application on uvicorn that sends the bytes of a file from memory.

usage: python -m bench.limits.same_bytes PORT FILE
"""

import sys
from pathlib import Path
from typing import Any

import uvicorn


def application(body: bytes) -> Any:
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(body)).encode())]

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def main() -> None:
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    config = uvicorn.Config(
        application(file.read_bytes()), host="127.0.0.1", port=port, loop="uvloop", http="httptools", lifespan="off",
        log_level="error", access_log=False, server_header=False, ws="none",
    )  # fmt: skip
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()

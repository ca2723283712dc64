"""Slow password hashes, computed on threads of their own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Passwords:
    """Argon2id; see `core.ports.accounts.Passwords`.

    memory_kib, passes  what one hash costs; the defaults are the library's own choice
    """

    def __init__(self, *, memory_kib: int | None = None, passes: int | None = None) -> None:
        usual = PasswordHasher()
        self._hasher = PasswordHasher(
            time_cost=passes or usual.time_cost, memory_cost=memory_kib or usual.memory_cost, parallelism=1
        )
        # one at a time: each hash fills tens of megabytes, and a crowd at the door must not fill the machine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fleetline-passwords")
        self._nobody: str | None = None

    async def hashed(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._hash, password)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._verify, password, password_hash)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(password.encode("utf-8", "surrogatepass"))

    def _verify(self, password: str, password_hash: str | None) -> bool:
        if password_hash is None and self._nobody is None:
            self._nobody = self._hash("")
        try:
            self._hasher.verify(password_hash or self._nobody or "", password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

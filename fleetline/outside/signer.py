"""Signed bearer tokens, with a key that stands in a file only this program may read."""

import os
import secrets
from collections import OrderedDict
from pathlib import Path
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from fleetline.core.ports.accounts import Claims
from fleetline.model.errors import Unavailable

ALGORITHM: Final = "HS256"
KEY_BYTES: Final = 32
LONGEST_TOKEN: Final = 4_096
SEEN: Final = 4_096
"""Tokens whose signature need not be computed again."""


class FileSigner:
    """JSON Web Tokens under HS256; see `core.ports.accounts.Signer`.

    path  the key's file, made with a random key when it is missing; hosts that share a fleet share this file
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key: OctKey | None = None
        self._seen: OrderedDict[str, Claims] = OrderedDict()

    def signed(self, claims: Claims) -> str:
        facts = {
            "iss": claims.issuer,
            "sub": claims.subject,
            "lvl": claims.level,
            "cid": claims.credential_id,
            "iat": claims.issued_at_ms // 1000,
            "exp": claims.expires_at_ms // 1000,
            "jti": claims.token_id,
        }
        return jwt.encode({"alg": ALGORITHM, "typ": "JWT"}, facts, self._known_key(), algorithms=[ALGORITHM])

    def read(self, token: str) -> Claims | None:
        claims = self._seen.get(token)
        if claims is None and (claims := self._verified(token)) is not None:
            # a signature that held once holds for ever: only what it is worth now has to be asked on each call
            self._seen[token] = claims
            if len(self._seen) > SEEN:
                self._seen.popitem(last=False)
        return claims

    def _verified(self, token: str) -> Claims | None:
        if len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        try:
            facts = jwt.decode(token, self._known_key(), algorithms=[ALGORITHM]).claims
            texts = [facts[name] for name in ("iss", "sub", "lvl", "cid", "jti")]
            instants = [facts[name] for name in ("iat", "exp")]
        except (JoseError, ValueError, KeyError, TypeError):
            return None
        if not all(isinstance(text, str) for text in texts) or not all(type(instant) is int for instant in instants):
            return None
        issuer, subject, level, credential_id, token_id = texts
        return Claims(issuer, subject, level, credential_id, instants[0] * 1000, instants[1] * 1000, token_id)

    def _known_key(self) -> OctKey:
        if self._key is None:
            self._key = OctKey.import_key(_key_of(self._path))
        return self._key


def _key_of(path: Path) -> bytes:
    """The key in that file, made on first use; of two processes that make it at once both get the same one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        key = path.read_bytes()
    except OSError as fault:
        raise Unavailable(f"{path}: {fault.strerror or fault}") from fault
    if len(key) < KEY_BYTES:
        raise Unavailable(f"{path}: the signing key is shorter than {KEY_BYTES} bytes")
    return key

"""Where bytes stop being UTF-8, also where a letter is cut by the edge of a piece."""

import pytest

from fleetline.model.utf8 import PIECE, not_utf8_at


@pytest.mark.parametrize("text", ["", "abc", "ä" * PIECE, "x" * (PIECE - 1) + "€" * 3, "\ufeffa"])
def test_what_is_utf8_has_no_wrong_byte(text: str) -> None:
    assert not_utf8_at(text.encode()) is None


@pytest.mark.parametrize(
    "before", [b"", b"abc", b"x" * (PIECE - 1), b"x" * (PIECE - 1) + "€".encode(), "ä".encode() * PIECE]
)
@pytest.mark.parametrize("wrong", [b"\xff", b"\xc3(", b"\xe2\x82", b"\xed\xa0\x80"])
def test_the_first_wrong_byte_is_found_as_decoding_it_whole_would(before: bytes, wrong: bytes) -> None:
    with pytest.raises(UnicodeDecodeError) as whole:
        (before + wrong).decode()
    assert not_utf8_at(before + wrong) == whole.value.start

"""When two names are one, which texts may be kept, and who keeps a name that several want."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetline.model.registry import each_once, findable, key, settle_names, text_fault


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("veh1", "VEH1", True),
        ("veh1 ", "\tveh1", True),
        ("é", "e\u0301", True),
        ("Straße", "STRASSE", True),
        ("Σ", "ς", True),
        ("a b", "a  b", False),
        ("1", "01", False),
    ],
)
def test_case_ends_and_composition_make_no_difference(one: str, other: str, same: bool) -> None:
    assert (key(one) == key(other)) is same


@given(st.text())
def test_a_key_is_its_own_key_and_the_short_way_for_ascii_gives_the_same(text: str) -> None:
    assert key(key(text)) == key(text)
    if text.isascii():
        assert key(text) == text.strip().casefold()


@given(st.text(min_size=1, max_size=300))
def test_what_may_be_stored_can_be_found(text: str) -> None:
    if text_fault(text) is None:
        assert findable(key(text))
    if text_fault(text, narrow=True) is None:
        assert text.isascii()
        assert text_fault(text) is None


@pytest.mark.parametrize(("text", "found"), [("", False), ("\0", False), ("a\ud800", False), ("\t", True), ("ä", True)])
def test_what_no_engine_could_hold_is_not_looked_for(text: str, found: bool) -> None:
    assert findable(text) is found


def test_texts_are_kept_once_where_and_as_they_were_first_said() -> None:
    assert each_once(["b", "A", "B ", "a", "c"]) == {"b": "b", "a": "A", "c": "c"}


NAMES = st.sampled_from("abcdef")


@given(st.dictionaries(st.integers(0, 9), NAMES), st.permutations("abcdef"), st.integers(0, 6))
def test_no_name_is_held_twice_and_nobody_is_refused_without_a_holder(
    wanted: dict[int, str], held: list[str], count: int
) -> None:
    present = dict(zip(range(count), held, strict=False))  # members 6 to 9 are new
    refused = settle_names(wanted, present)
    assert refused <= wanted.keys()
    end = {**present, **{member: name for member, name in wanted.items() if member not in refused}}
    assert len(set(end.values())) == len(end)
    for member in refused:
        assert wanted[member] in end.values() or any(wanted[other] == wanted[member] for other in refused - {member})
    assert settle_names({m: n for m, n in wanted.items() if m not in refused}, present) == set()


@pytest.mark.parametrize(
    ("wanted", "refused"),
    [
        ({1: "b", 2: "a"}, set()),
        ({1: "b", 2: "c", 3: "a"}, set()),
        ({1: "b", 2: "c"}, {1, 2}),
        ({2: "x", 1: "x"}, {1}),
        ({1: "x", 9: "x"}, {9}),
        ({9: "a", 1: "x"}, set()),
        ({9: "a"}, {9}),
    ],
)
def test_the_earlier_item_wins_and_who_stays_keeps(wanted: dict[int, str], refused: set[int]) -> None:
    assert settle_names(wanted, {1: "a", 2: "b", 3: "c"}) == refused

"""What a member may see, in one line and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetline.model.access import LARGEST_ID, WITHHOLDABLE, Permissions, parse_permissions, permissions_of
from fleetline.model.errors import Invalid

ids = st.frozensets(st.integers(1, LARGEST_ID), max_size=5)
permissions = st.builds(
    lambda everything, devices, groups, withhold, days: Permissions(
        everything, frozenset() if everything else devices, groups, withhold, days
    ),
    st.booleans(), ids, ids, st.frozensets(st.sampled_from(WITHHOLDABLE)), st.integers(0, 36_500),
)  # fmt: skip


def test_the_documented_line_is_read() -> None:
    assert parse_permissions("devices=7,9;groups=2;withhold=location,sensors;history=30") == Permissions(
        devices=frozenset({7, 9}),
        groups=frozenset({2}),
        withhold=frozenset({"location", "sensors"}),
        history_days=30,
    )


@given(permissions)
def test_both_forms_give_the_same_permissions_back(granted: Permissions) -> None:
    assert parse_permissions(granted.spec()) == granted
    assert permissions_of(granted.facts()) == granted


@pytest.mark.parametrize("spec", ["", " ; ", "devices=", "history=0", "groups= , ;withhold="])
def test_what_is_not_said_is_not_granted(spec: str) -> None:
    assert parse_permissions(spec) == Permissions()


@pytest.mark.parametrize("spec", [" devices = 7 , 9 ; ", "devices=9,7,7", "devices=07,9"])
def test_blanks_order_and_repeats_do_not_matter(spec: str) -> None:
    assert parse_permissions(spec) == Permissions(devices=frozenset({7, 9}))


def test_all_devices_is_a_word() -> None:
    assert parse_permissions("devices=all;withhold=imei") == Permissions(True, withhold=frozenset({"imei"}))


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("device=7", "permissions"),
        ("7,9", "permissions"),
        ("devices=7;devices=9", "devices"),
        ("devices=0", "devices"),
        ("devices=-1", "devices"),
        ("devices=all,7", "devices"),
        ("devices=seven", "devices"),
        ("devices=٧", "devices"),
        ("devices=9007199254740992", "devices"),
        ("devices=" + "9" * 5000, "devices"),
        ("groups=all", "groups"),
        ("withhold=everything", "withhold"),
        ("history=-1", "history"),
        ("history=36501", "history"),
        ("history=1.5", "history"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_part(spec: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_permissions(spec)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "facts",
    [{"devices": None}, {"devices": [True]}, {"devices": ["7;withhold=imei"]}, {"history": [1, 2]}, {"fleet": [1]}],
)
def test_a_structure_that_cannot_be_meant_is_refused(facts: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        permissions_of(facts)


@given(st.text(max_size=40))
def test_any_other_text_is_refused_in_good_order(text: str) -> None:
    try:
        granted = parse_permissions(text)
    except Invalid:
        return
    assert parse_permissions(granted.spec()) == granted

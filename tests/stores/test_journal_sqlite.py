"""The journal's files: filled one after the other, read in order, removed when filed."""

from pathlib import Path

from fleetline.stores.journal_sqlite import SqliteJournal


def files_in(folder: Path) -> int:
    return len(list(folder.glob("*.db")))


async def test_a_full_file_gives_way_to_the_next_and_reading_goes_through_all_of_them(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path, "journal-1", file_bytes=100)
    ids = [await journal.append(b"%03d" % number + b"x" * 60) for number in range(10)]
    assert ids == list(range(1, 11))
    assert files_in(tmp_path) == 5
    assert [number for number, _ in await journal.read_after(3, 4)] == [4, 5, 6, 7]
    await journal.forget(6)
    assert [number for number, _ in await journal.read_after(0, 99)] == [7, 8, 9, 10]
    assert files_in(tmp_path) == 2
    await journal.close()


async def test_an_opened_journal_goes_on_where_it_ended_even_when_everything_was_filed(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path, "journal-1", file_bytes=100)
    for _ in range(5):
        await journal.append(b"x" * 60)
    await journal.forget(5)
    await journal.close()
    again = SqliteJournal(tmp_path, "journal-1", file_bytes=100)
    assert await again.append(b"y") == 6
    await again.close()

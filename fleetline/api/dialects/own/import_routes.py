"""The routes of lists that are brought in from files."""

from typing import Final

from fleetline.api.dialects.own import imports
from fleetline.api.dialects.own.doors import ADMINISTRATOR
from fleetline.api.dialects.own.replies import CURSOR, FLAG_SCHEMA, LIMIT, Listed, in_path, query, route, words_schema
from fleetline.api.dialects.own.sheets import SHEET_BYTES
from fleetline.api.routes import Answer
from fleetline.core.list_import import MODES, Line
from fleetline.core.list_kinds import KINDS

TAG: Final = "imports"
IMPORT_ID: Final = in_path("import_id", "Id of the import", {"type": "string"})
RESULT: Final = query("result", "Rows with this result", words_schema(imports.RESULTS))
BEGUN: Final = (Answer(202, "The run; ask for it again until its state is final", imports.ImportShown),)

ROUTES: Final = (
    route(
        "GET", "/imports/lists", "Lists that can be brought in", imports.kinds, tag=TAG,
        answers=[Answer(200, "With their columns", Listed[imports.ListShown])],
    ),
    route(
        "GET", "/imports", "Imports", imports.page, tag=TAG, level=ADMINISTRATOR, parameters=[CURSOR, LIMIT],
        text="Of the last 30 days, without previews and undoings.",
        answers=[Answer(200, "The newest first", Listed[imports.ImportShown])],
    ),
    route(
        "POST", "/imports", "Bring in a file", imports.take, tag=TAG, body={"type": "string"}, body_media="text/csv",
        body_limit=SHEET_BYTES,
        text="Runs in the background. Solar resources come as text/csv, application/x-ndjson or application/geo+json, "
        "everything else as text/csv. Columns are taken as they were for the last file with this header.",
        parameters=[
            query("what", "Which list", {"type": "string", "enum": list(KINDS), "default": "vehicles"}),
            query("file", "Name of the file, for the list of imports"),
            query("preview", "Say what would be done, and do nothing", FLAG_SCHEMA),
            query("add_groups", "Add a row's groups to those there are instead of replacing them", FLAG_SCHEMA),
            query("mode", "Of solar resources", {"type": "string", "enum": list(MODES), "default": "upsert"}),
            query("fleet", "Of solar resources: the fleet that every row joins"),
        ],
        answers=BEGUN,
    ),
    route(
        "GET", "/imports/{import_id}", "One import", imports.show, tag=TAG, level=ADMINISTRATOR, parameters=[IMPORT_ID],
        answers=[Answer(200, "How far it is", imports.ImportShown)],
    ),
    route(
        "DELETE", "/imports/{import_id}", "Stop an import", imports.cancel, tag=TAG, parameters=[IMPORT_ID],
        text="What it did until then stays, and can be undone.",
        answers=[Answer(200, "The run", imports.ImportShown)],
    ),
    route(
        "POST", "/imports/{import_id}/again", "The same file once more", imports.again, tag=TAG,
        parameters=[IMPORT_ID], body=imports.AgainBody, answers=BEGUN,
        text="With other columns or choices, or for good after a preview. Files are kept for seven days.",
    ),
    route(
        "GET", "/imports/{import_id}/lines", "What became of the rows", imports.lines, tag=TAG, level=ADMINISTRATOR,
        parameters=[IMPORT_ID, CURSOR, LIMIT, RESULT], answers=[Answer(200, "A page", Listed[Line])],
    ),
    route(
        "GET", "/imports/{import_id}/result", "The file with a column of errors", imports.result, tag=TAG,
        level=ADMINISTRATOR,
        parameters=[
            IMPORT_ID, query("result", "Only rows with this result", {"type": "string", "enum": list(imports.RESULTS)})
        ],
        answers=[Answer(200, "The rows as they came, with result and error", {"type": "string"}, media="text/csv")],
    ),
    route(
        "POST", "/imports/{import_id}/undo", "Undo an import", imports.undo, tag=TAG, parameters=[IMPORT_ID],
        text="Within 24 hours. Things that somebody has changed since are left alone; the lines of the undo say which.",
        answers=BEGUN,
    ),
)  # fmt: skip

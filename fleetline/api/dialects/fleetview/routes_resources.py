"""The routes of tokens, resources, bulk files and fleets."""

from typing import Final

from fleetline.api.dialects.fleetview import bulk, fleets, resources, tokens
from fleetline.api.dialects.fleetview.bulk_rows import CONVENTIONS, READERS
from fleetline.api.dialects.fleetview.routing import (
    CURSOR,
    FLEET_ONE,
    GONE,
    IF_MATCH,
    IF_NONE_MATCH,
    ITEMS,
    LARGE,
    LIMIT,
    ONE,
    listing,
    parameter,
    route,
    token_route,
)
from fleetline.api.dialects.fleetview.schema import BATCH, FLEET, MEMBERS, RESOURCE, json_schema
from fleetline.api.routes import Answer

TOKENS: Final = (
    token_route(
        "/token", "Get token", tokens.post_token, ("client_id", "client_secret"), ("client_id", "client_secret"),
        "An access token valid 60 minutes, and a refresh token.",
    ),
    token_route(
        "/refresh", "Refresh token", tokens.post_refresh, ("refresh_token", "client_id", "client_secret"),
        ("refresh_token",), "The next pair; the refresh token is spent.",
    ),
    token_route(
        "/revoke", "Revoke token", tokens.post_revoke, ("token", "token_type_hint", "client_id", "client_secret"),
        ("token",), "A refresh token ends its whole family.",
    ),
)  # fmt: skip

_RESOURCE: Final = json_schema(RESOURCE)
_FLEET: Final = json_schema(FLEET)
_VIEW: Final = parameter("view", "`resolved` fills in what is null.", type="string", enum=["full", "resolved"])
_LIST_VIEW: Final = parameter("view", "`ids` gives ids alone.", type="string", enum=["full", "ids"])
FILTERS: Final = (
    parameter("fleetId", "Members of this fleet.", format="uuid", type="string"),
    parameter("bbox", "west,south,east,north in degrees."),
    parameter("customerSiteId", "The one with this id of yours."),
    parameter("zone", "Those of this zone."),
    parameter("class", "Those of this class."),
    parameter("q", "Part of the name, in any letter case."),
    parameter("updatedSince", "Changed at or after this time.", format="date-time", type="string"),
)
_STORED: Final = Answer(200, "The stored resource with warnings.", _RESOURCE, headers={"ETag": "Its version."})
_MADE: Final = Answer(
    201, "The stored resource with warnings.", _RESOURCE, headers={"Location": "Where it is.", "ETag": "Its version."}
)
_CHANGE: Final = {
    "type": "object",
    "properties": {name: {"type": "integer"} for name in ("added", "removed", "resourceCount")},
}
_PATCHES: Final = "application/merge-patch+json, application/json"

RESOURCES: Final = (
    route("POST", "/v1/resources", "Create resource", resources.create, tag="Resources", answers=(_MADE,),
          errors=(400, 409, 413, 415), body=_RESOURCE, writes=True),
    route("GET", "/v1/resources", "List resources", resources.find, tag="Resources",
          parameters=(*FILTERS, _LIST_VIEW, LIMIT, CURSOR), answers=(listing(_RESOURCE, "Resources by creation."),)),
    route("GET", ONE, "Get resource", resources.read, tag="Resources", parameters=(_VIEW, IF_NONE_MATCH),
          answers=(Answer(200, "The resource.", _RESOURCE, headers={"ETag": "Its version."}),)),
    route("PUT", ONE, "Replace resource", resources.replace, tag="Resources", parameters=(IF_MATCH,),
          answers=(_STORED,), errors=(400, 409, 412, 413, 415), body=_RESOURCE, writes=True),
    route("POST", ONE, "Replace resource, the sister's way", resources.replace, tag="Resources",
          parameters=(IF_MATCH,), answers=(_STORED,), errors=(400, 409, 412, 413, 415), body=_RESOURCE, writes=True,
          source="sister"),
    route("PATCH", ONE, "Change resource", resources.patch, tag="Resources", parameters=(IF_MATCH,),
          answers=(_STORED,), errors=(400, 409, 412, 413, 415), body=_RESOURCE, body_media=_PATCHES, writes=True,
          text="A JSON merge patch: null removes, lists are replaced whole."),
    route("DELETE", ONE, "Delete resource", resources.delete, tag="Resources", parameters=(IF_MATCH,),
          answers=(GONE,), errors=(400, 412), writes=True),
    route("POST", "/v1/resources/validate", "Validate resource", resources.validate, tag="Resources", body=_RESOURCE,
          answers=(Answer(200, "What a write would say.", {"type": "object"}),), errors=(400, 413, 415)),
    route("POST", "/v1/resources/batchGet", "Get many resources", resources.batch_get, tag="Resources",
          body=json_schema(BATCH), answers=(Answer(200, "One outcome per id, in order.", ITEMS),)),
    route("POST", "/v1/resources/batchDelete", "Delete many resources", resources.batch_delete, tag="Resources",
          body=json_schema(BATCH), answers=(Answer(200, "One outcome per id, in order.", ITEMS),), writes=True),
    route("GET", f"{ONE}/fleets", "Fleets of a resource", resources.fleets, tag="Resources",
          parameters=(LIMIT, CURSOR), answers=(listing(_FLEET, "Fleets by creation."),)),
)  # fmt: skip

_FLEET_STORED: Final = Answer(200, "The stored fleet.", _FLEET, headers={"ETag": "Its version."})
FLEETS: Final = (
    route("POST", "/v1/fleets", "Create fleet", fleets.create, tag="Fleets", body=_FLEET, writes=True,
          text="Members are the resources listed, and those that fit the filter: of all that it names, each must be"
               " true, of its tags all. They come and go with what they say, and each counts once.",
          answers=(Answer(201, "The stored fleet.", _FLEET, headers={"Location": "Where it is."}),),
          errors=(400, 409, 413, 415)),
    route("GET", "/v1/fleets", "List fleets", fleets.find, tag="Fleets", parameters=(LIMIT, CURSOR),
          answers=(listing(_FLEET, "Fleets by creation."),)),
    route("GET", FLEET_ONE, "Get fleet", fleets.read, tag="Fleets", parameters=(IF_NONE_MATCH,),
          answers=(Answer(200, "The fleet.", _FLEET, headers={"ETag": "Its version."}),)),
    route("PUT", FLEET_ONE, "Replace fleet", fleets.replace, tag="Fleets", parameters=(IF_MATCH,), body=_FLEET,
          answers=(_FLEET_STORED,), errors=(400, 409, 412, 413, 415), writes=True,
          text="The listed members stay unless resourceIds is sent, and the filter unless filter is."),
    route("PATCH", FLEET_ONE, "Change fleet", fleets.patch, tag="Fleets", parameters=(IF_MATCH,), body=_FLEET,
          answers=(_FLEET_STORED,), errors=(400, 409, 412, 413, 415), body_media=_PATCHES, writes=True,
          text="A JSON merge patch: null removes, also the filter or one of its parts; lists are replaced whole."),
    route("DELETE", FLEET_ONE, "Delete fleet", fleets.delete, tag="Fleets", parameters=(IF_MATCH,),
          answers=(GONE,), errors=(400, 412), writes=True, text="The resources stay."),
    route("GET", f"{FLEET_ONE}/resources", "Members", fleets.members, tag="Fleets",
          parameters=(_LIST_VIEW, LIMIT, CURSOR), answers=(listing(_RESOURCE, "Members by creation."),)),
    route("POST", f"{FLEET_ONE}/resources", "Add members", fleets.add_members, tag="Fleets", writes=True,
          body=json_schema(MEMBERS), answers=(Answer(200, "What changed.", _CHANGE),)),
    route("PUT", f"{FLEET_ONE}/resources", "Set members", fleets.set_members, tag="Fleets", writes=True,
          text="Sets the list; who fits the fleet's filter stays a member. The reply counts changes of the list, and"
               " all members.",
          body=json_schema(MEMBERS), answers=(Answer(200, "What changed.", _CHANGE),)),
    route("PUT", f"{FLEET_ONE}/resources/{{resourceId}}", "Add member", fleets.add_member, tag="Fleets",
          answers=(GONE,), writes=True, body_media="*/*"),
    route("DELETE", f"{FLEET_ONE}/resources/{{resourceId}}", "Remove member", fleets.remove_member, tag="Fleets",
          answers=(GONE,), writes=True, text="Off the list; who fits the fleet's filter stays a member."),
    route("GET", f"{FLEET_ONE}/summary", "Summary", fleets.summary, tag="Fleets",
          parameters=(parameter("asOf", "What stands then; default now.", format="date-time", type="string"),),
          answers=(Answer(200, "Sums of the fleet.", {"type": "object"}),)),
)  # fmt: skip

_IMPORTED: Final = (
    Answer(200, "What became of each row, up to 1000 of them.", {"type": "object"}),
    Answer(202, "A job works on them, 200,000 at most.", {"type": "object"}, headers={"Location": "Where to look."}),
)
BULK: Final = (
    route("POST", "/v1/resources/import", "Import resources", bulk.take, tag="Bulk", writes=True,
          parameters=(
              parameter("dryRun", "Say what would be done, store nothing.", type="boolean", default=False),
              parameter("mode", "What rows may do.", type="string", enum=list(bulk.MODES), default="upsert"),
              parameter("atomic", "Store all rows or none.", type="boolean", default=False),
              parameter("azimuthConvention", "How azimuths count.", enum=list(CONVENTIONS)),
              parameter("fleetId", "All rows join this fleet.", type="string", format="uuid"),
          ),
          body={"type": "array", "items": _RESOURCE}, body_media=", ".join(READERS), body_limit=LARGE,
          answers=_IMPORTED, errors=(400, 404, 413, 415)),
    route("GET", "/v1/resources/export", "Export resources", bulk.give, tag="Bulk",
          parameters=(
              *FILTERS, parameter("format", "Form of the file.", enum=list(bulk.FORMATS), default="csv"),
          ),
          answers=tuple(Answer(200, "All of them.", media=media.split(";")[0]) for media in bulk.FORMATS.values())),
)  # fmt: skip

-- The registry: vehicles, drivers, their groups, tracker devices, which vehicle carried which device, and the log of changes.
-- Every unique key of vehicles, drivers and groups begins with id_scope (the partner, or the account when it has none).
-- A deleted vehicle or driver has no keys (NULL), so its id and name are free and no list meets it.

CREATE TABLE registry_scopes (
    id_scope {text_key} NOT NULL PRIMARY KEY
) {without_rowid};

CREATE TABLE registries (
    account_id {text_key} NOT NULL PRIMARY KEY,
    id_scope {text_key} NOT NULL,
    version BIGINT NOT NULL,
    unique_names BIGINT NOT NULL,
    vehicles BIGINT NOT NULL,
    drivers BIGINT NOT NULL,
    vehicle_groups BIGINT NOT NULL,
    driver_groups BIGINT NOT NULL
) {without_rowid};

CREATE TABLE vehicles (
    id_scope {text_key} NOT NULL,
    vehicle_id BIGINT NOT NULL,
    account_id {text_key} NOT NULL,
    external_id TEXT NOT NULL,
    id_key {text_key},
    name TEXT NOT NULL,
    name_key {text_key},
    name_claim {text_key},
    created_at_ms BIGINT NOT NULL,
    modified_at_ms BIGINT NOT NULL,
    deleted_at_ms BIGINT,
    former_groups TEXT NOT NULL DEFAULT '',
    revision BIGINT NOT NULL,
    type TEXT NOT NULL DEFAULT 'CAR',
    description TEXT NOT NULL DEFAULT '',
    portrait TEXT,
    former_device_id BIGINT,
    PRIMARY KEY (id_scope, vehicle_id)
) {without_rowid};
CREATE UNIQUE INDEX vehicles_by_id_key ON vehicles (id_scope, id_key);
CREATE UNIQUE INDEX vehicles_by_name_claim ON vehicles (id_scope, account_id, name_claim);
CREATE INDEX vehicles_in_id_order ON vehicles (account_id, id_key, vehicle_id);
CREATE INDEX vehicles_in_name_order ON vehicles (account_id, name_key, vehicle_id);

CREATE TABLE drivers (
    id_scope {text_key} NOT NULL,
    driver_id BIGINT NOT NULL,
    account_id {text_key} NOT NULL,
    external_id TEXT NOT NULL,
    id_key {text_key},
    name TEXT NOT NULL,
    name_key {text_key},
    name_claim {text_key},
    created_at_ms BIGINT NOT NULL,
    modified_at_ms BIGINT NOT NULL,
    deleted_at_ms BIGINT,
    former_groups TEXT NOT NULL DEFAULT '',
    revision BIGINT NOT NULL,
    PRIMARY KEY (id_scope, driver_id)
) {without_rowid};
CREATE UNIQUE INDEX drivers_by_id_key ON drivers (id_scope, account_id, id_key);
CREATE UNIQUE INDEX drivers_by_name_claim ON drivers (id_scope, account_id, name_claim);
CREATE INDEX drivers_in_id_order ON drivers (account_id, id_key, driver_id);
CREATE INDEX drivers_in_name_order ON drivers (account_id, name_key, driver_id);

CREATE TABLE registry_groups (
    id_scope {text_key} NOT NULL,
    group_id BIGINT NOT NULL,
    account_id {text_key} NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key {text_key} NOT NULL,
    parent_id BIGINT,
    modified_at_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (id_scope, group_id)
) {without_rowid};
CREATE UNIQUE INDEX registry_groups_by_name ON registry_groups (id_scope, account_id, kind, name_key);

CREATE TABLE group_members (
    id_scope {text_key} NOT NULL,
    group_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    PRIMARY KEY (id_scope, group_id, member_id)
) {without_rowid};
CREATE INDEX group_members_by_member ON group_members (id_scope, member_id, group_id);

CREATE TABLE devices (
    device_id BIGINT NOT NULL PRIMARY KEY,
    id_scope {text_key} NOT NULL,
    account_id {text_key} NOT NULL,
    ident {text_key} NOT NULL,
    ident_claim {text_key},
    vehicle_id BIGINT,
    api BIGINT NOT NULL DEFAULT 1,
    clock_offset_s BIGINT NOT NULL DEFAULT 0,
    added_at_ms BIGINT NOT NULL,
    retired_at_ms BIGINT,
    deleted_at_ms BIGINT,
    revision BIGINT NOT NULL
);
CREATE UNIQUE INDEX devices_by_ident ON devices (ident_claim);
CREATE UNIQUE INDEX devices_by_vehicle ON devices (id_scope, vehicle_id);
CREATE INDEX devices_ever_by_ident ON devices (ident, device_id);
CREATE INDEX devices_by_account ON devices (account_id, device_id);

CREATE TABLE fittings (
    device_id BIGINT NOT NULL,
    from_ms BIGINT NOT NULL,
    until_ms BIGINT,
    id_scope {text_key} NOT NULL,
    vehicle_id BIGINT NOT NULL,
    PRIMARY KEY (device_id, from_ms)
) {without_rowid};
CREATE INDEX fittings_by_vehicle ON fittings (id_scope, vehicle_id, from_ms);

CREATE TABLE calibrations (
    device_id BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    vehicle_id BIGINT,
    mileage_m BIGINT NOT NULL,
    made_at_ms BIGINT NOT NULL,
    PRIMARY KEY (device_id, at_ms)
) {without_rowid};

CREATE TABLE registry_changes (
    account_id {text_key} NOT NULL,
    version BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    door TEXT NOT NULL,
    kind TEXT NOT NULL,
    item_id BIGINT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (account_id, version, ordinal)
) {without_rowid};
CREATE INDEX registry_changes_by_item ON registry_changes (account_id, kind, item_id, version);

INSERT INTO counters (name, next) VALUES ('registry', 1000000001);
INSERT INTO counters (name, next) VALUES ('devices', 1);

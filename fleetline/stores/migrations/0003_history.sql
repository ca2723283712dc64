-- What devices said and what follows from it. The journal of SQLite stands in a file of its own.

-- only: postgres
CREATE TABLE journal (
    journal_id {id},
    intake BIGINT NOT NULL,
    body {bytes} NOT NULL
);

-- only: postgres
CREATE INDEX journal_by_intake ON journal (intake, journal_id);

-- how far each intake's journal has been filed; written in the transaction that stores the parts
CREATE TABLE filed (
    intake BIGINT PRIMARY KEY,
    journal_id BIGINT NOT NULL
);

-- frames of one device-hour as they came, until the hour is sealed
CREATE TABLE parts (
    part_id {id},
    device_id BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    body {bytes} NOT NULL
);

CREATE INDEX parts_by_device ON parts (device_id, hour, part_id);

-- one device-hour of positions as packed columns
CREATE TABLE segments (
    device_id BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    reports BIGINT NOT NULL,
    body {bytes} NOT NULL,
    PRIMARY KEY (device_id, hour)
);

-- where each device stands: the fold up to the latest report, and what of its parts the fold has seen
-- version grows over all devices with each change; news: 1 while parts wait for the fold
CREATE TABLE latest (
    device_id BIGINT PRIMARY KEY,
    heard_at_ms BIGINT NOT NULL,
    folded_part_id BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 0,
    news BIGINT NOT NULL DEFAULT 0,
    memory {bytes}
);

CREATE INDEX latest_by_version ON latest (version);

CREATE INDEX latest_with_news ON latest (device_id) WHERE news = 1;

-- full hours to which the fold of a device can be taken back; last_ms: its newest report by then
CREATE TABLE marks (
    device_id BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    state {bytes} NOT NULL,
    PRIMARY KEY (device_id, at_ms)
);

CREATE TABLE routes (
    device_id BIGINT NOT NULL,
    origin_at_ms BIGINT NOT NULL,
    destination_at_ms BIGINT NOT NULL,
    day BIGINT NOT NULL,
    settled_at_ms BIGINT NOT NULL,
    body {bytes} NOT NULL,
    PRIMARY KEY (device_id, origin_at_ms)
);

CREATE INDEX routes_by_day ON routes (device_id, day);

-- the counter each UTC day began with, its metres, and what of them later days contain, in micrometres
CREATE TABLE days (
    device_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    start_um BIGINT NOT NULL,
    metres_um BIGINT NOT NULL,
    passed_on_um BIGINT NOT NULL,
    PRIMARY KEY (device_id, day)
);

-- how many days of positions an account keeps; 0 for ever
CREATE TABLE retentions (
    account_id TEXT NOT NULL PRIMARY KEY,
    positions_days BIGINT NOT NULL
);

-- thresholds that differ from the installation's; owner: account:ID, group:ID or device:ID
CREATE TABLE thresholds (
    owner TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);

INSERT INTO counters (name, next) VALUES ('history', 1);

-- what a device's conditions did: raised and cleared
CREATE TABLE events (
    event_id {id},
    device_id BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);

CREATE INDEX events_by_device ON events (device_id, at_ms);

-- reports that were acknowledged and not accepted, with the reason; kept 30 days
CREATE TABLE refusals (
    refusal_id {id},
    device_id BIGINT NOT NULL,
    received_at_ms BIGINT NOT NULL,
    reason TEXT NOT NULL,
    reports BIGINT NOT NULL,
    frame {bytes}
);

CREATE INDEX refusals_by_device ON refusals (device_id, received_at_ms);

CREATE INDEX refusals_by_age ON refusals (received_at_ms);

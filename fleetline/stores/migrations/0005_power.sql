-- Solar resources, fleets of them, the weather over them, long runs and what the meters say.

CREATE TABLE power_resources (
  resource_id {text_key} PRIMARY KEY,
  account_id {text_key} NOT NULL REFERENCES accounts (account_id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT NOT NULL,
  customer_site_id {text_key},
  zone TEXT,
  feeder TEXT,
  customer_class TEXT,
  tags TEXT NOT NULL,
  latitude_deg DOUBLE PRECISION NOT NULL,
  longitude_deg DOUBLE PRECISION NOT NULL,
  row_count BIGINT NOT NULL,
  site TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  updated_at_ms BIGINT NOT NULL,
  version BIGINT NOT NULL
);

CREATE INDEX power_resources_by_age ON power_resources (account_id, created_at_ms, resource_id);

CREATE UNIQUE INDEX power_resources_by_customer_site ON power_resources (account_id, customer_site_id);

CREATE TABLE power_fleets (
  fleet_id {text_key} PRIMARY KEY,
  account_id {text_key} NOT NULL REFERENCES accounts (account_id),
  name TEXT NOT NULL,
  name_key {text_key} NOT NULL,
  description TEXT NOT NULL,
  tags TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  updated_at_ms BIGINT NOT NULL,
  version BIGINT NOT NULL
);

CREATE INDEX power_fleets_by_age ON power_fleets (account_id, created_at_ms, fleet_id);

CREATE UNIQUE INDEX power_fleets_by_name ON power_fleets (account_id, name_key);

CREATE TABLE power_members (
  fleet_id {text_key} NOT NULL REFERENCES power_fleets (fleet_id),
  resource_id {text_key} NOT NULL REFERENCES power_resources (resource_id),
  PRIMARY KEY (fleet_id, resource_id)
) {without_rowid};

CREATE INDEX power_members_by_resource ON power_members (resource_id, fleet_id);

-- step and resolution hold for everything a source ever says
CREATE TABLE power_weather_sources (
  account_id {text_key} NOT NULL REFERENCES accounts (account_id),
  source {text_key} NOT NULL,
  step_s BIGINT NOT NULL,
  resolution_e2 BIGINT NOT NULL,
  PRIMARY KEY (account_id, source)
) {without_rowid};

-- one row holds some days of one cell; steps counts those that have enough light to compute with
CREATE TABLE power_weather (
  account_id {text_key} NOT NULL,
  source {text_key} NOT NULL,
  kind {text_key} NOT NULL,
  issue_at_ms BIGINT NOT NULL,
  cell BIGINT NOT NULL,
  block BIGINT NOT NULL,
  steps BIGINT NOT NULL,
  body {bytes} NOT NULL,
  PRIMARY KEY (account_id, source, kind, issue_at_ms, cell, block),
  FOREIGN KEY (account_id, source) REFERENCES power_weather_sources (account_id, source)
) {without_rowid};

-- the cells that have any data
CREATE TABLE power_weather_cells (
  account_id {text_key} NOT NULL,
  source {text_key} NOT NULL,
  kind {text_key} NOT NULL,
  issue_at_ms BIGINT NOT NULL,
  cell BIGINT NOT NULL,
  PRIMARY KEY (account_id, source, kind, issue_at_ms, cell),
  FOREIGN KEY (account_id, source) REFERENCES power_weather_sources (account_id, source)
) {without_rowid};

-- owner: the process that works on a running job, for as long as leased_until_ms says
CREATE TABLE power_jobs (
  job_id {text_key} PRIMARY KEY,
  account_id {text_key} NOT NULL REFERENCES accounts (account_id),
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  request TEXT NOT NULL,
  done BIGINT NOT NULL,
  total BIGINT NOT NULL,
  summary TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  started_at_ms BIGINT,
  finished_at_ms BIGINT,
  owner TEXT,
  leased_until_ms BIGINT
);

CREATE INDEX power_jobs_by_age ON power_jobs (account_id, created_at_ms, job_id);

CREATE INDEX power_jobs_by_state ON power_jobs (state, created_at_ms);

-- role: `in` is what a job works on, `out` what it has made
CREATE TABLE power_job_parts (
  job_id {text_key} NOT NULL REFERENCES power_jobs (job_id),
  role {text_key} NOT NULL,
  number BIGINT NOT NULL,
  body {bytes} NOT NULL,
  PRIMARY KEY (job_id, role, number)
) {without_rowid};

CREATE TABLE power_measurements (
  resource_id {text_key} NOT NULL REFERENCES power_resources (resource_id),
  step_s BIGINT NOT NULL,
  block BIGINT NOT NULL,
  body {bytes} NOT NULL,
  PRIMARY KEY (resource_id, step_s, block)
) {without_rowid};

-- first replies to calls that carried a key against repetition
CREATE TABLE power_replies (
  account_id {text_key} NOT NULL REFERENCES accounts (account_id),
  reply_key {text_key} NOT NULL,
  request_hash TEXT NOT NULL,
  status BIGINT NOT NULL,
  headers TEXT NOT NULL,
  body {bytes} NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (account_id, reply_key)
) {without_rowid};

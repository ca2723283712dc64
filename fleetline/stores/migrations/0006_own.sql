-- First answers to calls that carried a key against repetition, preferences of people, and what administrators did.

-- status 0: the call is under way, or its process ended before its answer was kept
CREATE TABLE own_repeats (
  account_id {text_key} NOT NULL,
  repeat_key {text_key} NOT NULL,
  request_hash TEXT NOT NULL,
  status BIGINT NOT NULL,
  headers TEXT NOT NULL,
  body {bytes} NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (account_id, repeat_key)
) {without_rowid};

CREATE INDEX own_repeats_by_age ON own_repeats (at_ms);

CREATE TABLE own_preferences (
  user_id {text_key} PRIMARY KEY REFERENCES users (user_id),
  body TEXT NOT NULL
);

CREATE TABLE own_acts (
  account_id {text_key} NOT NULL,
  at_ms BIGINT NOT NULL,
  act_id {text_key} NOT NULL,
  actor TEXT NOT NULL,
  address TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (account_id, at_ms, act_id)
) {without_rowid};

-- its row is what the first set-up locks
INSERT INTO counters (name, next) VALUES ('setup', 1);

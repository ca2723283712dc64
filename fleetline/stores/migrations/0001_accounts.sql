-- Partners, accounts, users and what lets them in; limits and sequences.

CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  next BIGINT NOT NULL
);

CREATE TABLE partners (
  partner_id {text_key} PRIMARY KEY,
  name TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  closed_at_ms BIGINT
);

CREATE TABLE accounts (
  account_id {text_key} PRIMARY KEY,
  partner_id {text_key} REFERENCES partners (partner_id),
  name TEXT NOT NULL,
  plan TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  language TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  closed_at_ms BIGINT
);

CREATE INDEX accounts_by_partner ON accounts (partner_id);

CREATE TABLE users (
  user_id {text_key} PRIMARY KEY,
  account_id {text_key} NOT NULL REFERENCES accounts (account_id),
  email TEXT NOT NULL,
  email_key {text_key} NOT NULL,
  role TEXT NOT NULL,
  permissions TEXT NOT NULL,
  password_hash TEXT,
  created_at_ms BIGINT NOT NULL,
  disabled_at_ms BIGINT
);

CREATE UNIQUE INDEX users_by_account_and_email ON users (account_id, email_key);

CREATE INDEX users_by_email ON users (email_key);

-- secret_hash is the SHA-256 of a random secret, in hexadecimal; the secrets themselves are nowhere
CREATE TABLE credentials (
  credential_id {text_key} PRIMARY KEY,
  kind TEXT NOT NULL,
  account_id {text_key} REFERENCES accounts (account_id),
  partner_id {text_key} REFERENCES partners (partner_id),
  user_id {text_key} REFERENCES users (user_id),
  parent_id {text_key} REFERENCES credentials (credential_id),
  family_id {text_key},
  predecessor_id {text_key},
  secret_hash {text_key} NOT NULL,
  name TEXT NOT NULL,
  hint TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  last_used_at_ms BIGINT,
  last_address TEXT,
  expires_at_ms BIGINT,
  family_ends_at_ms BIGINT,
  revoked_at_ms BIGINT,
  spent_at_ms BIGINT,
  blocked_at_ms BIGINT,
  violations BIGINT NOT NULL DEFAULT 0,
  read_only BIGINT NOT NULL DEFAULT 0,
  keeps_refresh BIGINT NOT NULL DEFAULT 0,
  alarms BIGINT NOT NULL DEFAULT 0,
  alarmed_at_ms BIGINT
);

CREATE UNIQUE INDEX credentials_by_secret ON credentials (secret_hash);

CREATE INDEX credentials_by_account ON credentials (account_id);

CREATE INDEX credentials_by_partner ON credentials (partner_id);

CREATE INDEX credentials_by_parent ON credentials (parent_id);

CREATE INDEX credentials_by_family ON credentials (family_id);

CREATE INDEX credentials_by_end ON credentials (expires_at_ms);

-- what a credential was known by before a rotation, for as long as the old value may live on
CREATE TABLE former_secrets (
  secret_hash {text_key} PRIMARY KEY,
  credential_id {text_key} NOT NULL REFERENCES credentials (credential_id),
  until_ms BIGINT NOT NULL
);

CREATE INDEX former_secrets_by_credential ON former_secrets (credential_id);

-- what calls left behind: spacing, quotas, bound addresses, buckets, failures; the key says what a row means
CREATE TABLE limits (
  limit_key {text_key} PRIMARY KEY,
  at_ms BIGINT,
  number BIGINT NOT NULL DEFAULT 0,
  mark TEXT NOT NULL DEFAULT ''
);

CREATE INDEX limits_by_age ON limits (at_ms);

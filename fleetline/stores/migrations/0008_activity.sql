-- How much each API key was used, ten minutes a row; span counts tens of minutes since 1970.
CREATE TABLE credential_uses (
  credential_id {text_key} NOT NULL,
  span BIGINT NOT NULL,
  operations BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  PRIMARY KEY (credential_id, span)
) {without_rowid};

CREATE INDEX credential_uses_by_span ON credential_uses (span);

CREATE INDEX power_replies_by_age ON power_replies (at_ms);

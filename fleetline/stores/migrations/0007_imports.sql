-- Which column of a file stood for which of ours, by the file's header, so that the next such file needs no telling.
CREATE TABLE own_columns (
  account_id {text_key} NOT NULL,
  what {text_key} NOT NULL,
  header_key {text_key} NOT NULL,
  body TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (account_id, what, header_key)
) {without_rowid};

CREATE INDEX power_jobs_by_kind ON power_jobs (account_id, kind, created_at_ms, job_id);

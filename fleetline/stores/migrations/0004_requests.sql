-- The request log: one row per call of any dialect.
CREATE TABLE requests (
    at_ms BIGINT NOT NULL,
    request_id {text_key} NOT NULL,
    dialect TEXT NOT NULL,
    account_id TEXT,
    user_id TEXT,
    credential_id TEXT,
    address TEXT NOT NULL,
    method TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    asked TEXT NOT NULL,
    scope TEXT NOT NULL,
    status BIGINT NOT NULL,
    error TEXT NOT NULL,
    elapsed_ms BIGINT NOT NULL,
    bytes_sent BIGINT NOT NULL,
    agent TEXT NOT NULL,
    PRIMARY KEY (at_ms, request_id)
) {without_rowid};

CREATE INDEX requests_by_account ON requests (account_id, at_ms, request_id);

-- What kind of credential a call was made with, so that the web app's own calls can be left out of the log.

ALTER TABLE requests ADD COLUMN kind TEXT NOT NULL DEFAULT '';

UPDATE requests SET kind = COALESCE(
  (SELECT c.kind FROM credentials c WHERE c.credential_id = requests.credential_id), '');

CREATE INDEX requests_of_programs ON requests (account_id, at_ms, request_id) WHERE kind <> 'session';

-- Fleets may have a filter; who fits it is a member beside those who were listed by their ids, and a row says which it is.

ALTER TABLE power_fleets ADD COLUMN filter TEXT;

CREATE INDEX power_fleets_with_filter ON power_fleets (account_id) WHERE filter IS NOT NULL;

-- a row has listed = 1 or matched = 1 or both
ALTER TABLE power_members ADD COLUMN listed BIGINT NOT NULL DEFAULT 1;

ALTER TABLE power_members ADD COLUMN matched BIGINT NOT NULL DEFAULT 0;

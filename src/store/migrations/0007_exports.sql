-- Exports that run out, and those that are old, are found without reading all.

-- up

CREATE INDEX exports_open ON exports (expires) WHERE state IN ('asked', 'requested', 'approved');
CREATE INDEX exports_by_age ON exports (asked);

-- down

DROP INDEX exports_open;
DROP INDEX exports_by_age;

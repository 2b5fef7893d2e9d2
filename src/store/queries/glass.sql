-- Break glass: what checks its shares, the times it was open, and whose history was read then.

-- name: insert_glass_seal
INSERT INTO glass_seals (verifier, made, from_time) VALUES ($1, $2, $3);

-- name: glass_seals
SELECT verifier, made, from_time FROM glass_seals ORDER BY from_time DESC, verifier;

-- name: insert_glass_opening
INSERT INTO glass_openings (number, credential, reason, case_reference, opened, closes, seen)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING;

-- name: glass_opening
SELECT number, credential, reason, case_reference, opened, closes, seen, closed, reported
FROM glass_openings WHERE number = $1;

-- name: last_glass_opening
SELECT number, credential, reason, case_reference, opened, closes, seen, closed, reported
FROM glass_openings ORDER BY number DESC LIMIT 1;

-- name: unreported_glass
SELECT number, credential, reason, case_reference, opened, closes, seen, closed, reported
FROM glass_openings WHERE reported IS NULL ORDER BY number;

-- name: see_glass
UPDATE glass_openings SET seen = $2 WHERE number = $1 AND closed IS NULL AND seen < $2;

-- name: close_glass
UPDATE glass_openings SET closed = $2 WHERE number = $1 AND closed IS NULL;

-- name: report_glass
UPDATE glass_openings SET reported = $2 WHERE number = $1 AND closed IS NOT NULL AND reported IS NULL;

-- name: note_glass_tenant
INSERT INTO glass_tenants (number, tenant_id, first_read) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: tell_glass_tenant
UPDATE glass_tenants SET told = $3 WHERE number = $1 AND tenant_id = $2 AND told IS NULL;

-- name: report_glass_tenant
UPDATE glass_tenants SET reported = $3 WHERE number = $1 AND tenant_id = $2 AND reported IS NULL;

-- name: glass_tenants
SELECT tenant_id, first_read, told, reported FROM glass_tenants WHERE number = $1 ORDER BY tenant_id;

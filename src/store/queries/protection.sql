-- Budgets against prompt bombing, protected accounts, incidents.

-- name: fatigue_of
SELECT tenant_id, owner, state, touched, version FROM fatigue WHERE tenant_id = $1 AND owner = $2;

-- name: insert_fatigue
INSERT INTO fatigue (tenant_id, owner, state, touched, version) VALUES ($1, $2, $3, $4, 1) ON CONFLICT DO NOTHING;

-- name: update_fatigue
UPDATE fatigue SET state = $4, touched = $5, version = version + 1 WHERE tenant_id = $1 AND owner = $2 AND version = $3;

-- name: delete_fatigue_before
DELETE FROM fatigue WHERE (tenant_id, owner) IN
  (SELECT tenant_id, owner FROM fatigue WHERE touched < $1 ORDER BY touched LIMIT $2);

-- A user's own budget; those of networks are nobody's.
-- name: delete_user_fatigue
DELETE FROM fatigue WHERE tenant_id = $1 AND owner = $2;

-- name: protection_of
SELECT protected_at, passkey_shown_at FROM users WHERE tenant_id = $1 AND id = $2;

-- Protected twice is protected since the first time.
-- name: protect_user
UPDATE users SET protected_at = $3 WHERE tenant_id = $1 AND id = $2 AND protected_at IS NULL;

-- name: unprotect_user
UPDATE users SET protected_at = NULL WHERE tenant_id = $1 AND id = $2;

-- name: note_passkey_shown
UPDATE users SET passkey_shown_at = $3
WHERE tenant_id = $1 AND id = $2 AND (passkey_shown_at IS NULL OR passkey_shown_at < $3);

-- name: insert_incident
INSERT INTO incidents (tenant_id, id, kind, user_id, opened, closed, sealed_evidence, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: incident_by_id
SELECT tenant_id, id, kind, user_id, opened, closed, sealed_evidence, version
FROM incidents WHERE tenant_id = $1 AND id = $2;

-- name: incidents_page
SELECT tenant_id, id, kind, user_id, opened, closed, sealed_evidence, version
FROM incidents WHERE tenant_id = $1 AND opened < $2 ORDER BY opened DESC, id LIMIT $3;

-- name: close_incident
UPDATE incidents SET closed = $4, version = version + 1
WHERE tenant_id = $1 AND id = $2 AND version = $3 AND closed IS NULL;

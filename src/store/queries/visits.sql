-- Visits of the prompt, tokens that count once, browsers and hosts users are known from, sessions.

-- name: insert_visit
INSERT INTO visits (tenant_id, id, app_id, user_id, state, sealed_context, created, expires, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: visit_by_id
SELECT tenant_id, id, app_id, user_id, state, sealed_context, created, expires, version FROM visits WHERE id = $1;

-- name: update_visit
UPDATE visits SET user_id = $4, state = $5, sealed_context = $6, expires = $7, version = version + 1
WHERE tenant_id = $1 AND id = $2 AND version = $3;

-- name: delete_visits_before
DELETE FROM visits WHERE (tenant_id, id) IN
  (SELECT tenant_id, id FROM visits WHERE expires < $1 ORDER BY expires LIMIT $2);

-- name: delete_user_visits
DELETE FROM visits WHERE tenant_id = $1 AND user_id = $2;

-- name: spend_token
INSERT INTO spent_tokens (tenant_id, digest, expires) VALUES ($1, $2, $3);

-- name: delete_spent_before
DELETE FROM spent_tokens WHERE (tenant_id, digest) IN
  (SELECT tenant_id, digest FROM spent_tokens WHERE expires < $1 ORDER BY expires LIMIT $2);

-- name: insert_browser
INSERT INTO browsers (tenant_id, id, secret_digest, previous_digest, rotated, public_key, created, expires, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: browser_by_id
SELECT tenant_id, id, secret_digest, previous_digest, rotated, public_key, created, expires, version
FROM browsers WHERE tenant_id = $1 AND id = $2;

-- name: update_browser
UPDATE browsers SET secret_digest = $4, previous_digest = $5, rotated = $6, public_key = $7, expires = $8,
  version = version + 1
WHERE tenant_id = $1 AND id = $2 AND version = $3;

-- name: delete_browser
DELETE FROM browsers WHERE tenant_id = $1 AND id = $2;

-- name: delete_browser_known
DELETE FROM known_browsers WHERE tenant_id = $1 AND browser_id = $2;

-- name: delete_browsers_before
DELETE FROM browsers WHERE (tenant_id, id) IN
  (SELECT tenant_id, id FROM browsers WHERE expires < $1 ORDER BY expires LIMIT $2)
RETURNING tenant_id, id;

-- A remembrance that is there stays until another takes its place; last_used does not go back.
-- name: put_known_browser
INSERT INTO known_browsers (tenant_id, user_id, browser_id, app_id, first_used, last_used, remembered_until)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant_id, user_id, browser_id, app_id) DO UPDATE SET
  last_used = CASE WHEN excluded.last_used > known_browsers.last_used THEN excluded.last_used
                   ELSE known_browsers.last_used END,
  remembered_until = COALESCE(excluded.remembered_until, known_browsers.remembered_until);

-- name: known_browsers_of
SELECT tenant_id, user_id, browser_id, app_id, first_used, last_used, remembered_until
FROM known_browsers WHERE tenant_id = $1 AND user_id = $2 ORDER BY browser_id, app_id;

-- name: known_on_browser
SELECT tenant_id, user_id, browser_id, app_id, first_used, last_used, remembered_until
FROM known_browsers WHERE tenant_id = $1 AND user_id = $2 AND browser_id = $3 ORDER BY app_id;

-- name: users_of_browser
SELECT DISTINCT user_id FROM known_browsers WHERE tenant_id = $1 AND browser_id = $2 ORDER BY user_id LIMIT $3;

-- name: forget_known_browsers
DELETE FROM known_browsers WHERE tenant_id = $1 AND user_id = $2;

-- name: forget_known_browser
DELETE FROM known_browsers WHERE tenant_id = $1 AND user_id = $2 AND browser_id = $3;

-- name: forget_known_browsers_since
DELETE FROM known_browsers WHERE tenant_id = $1 AND user_id = $2 AND first_used > $3;

-- name: put_known_host
INSERT INTO known_hosts (tenant_id, user_id, digest, last_used) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, user_id, digest) DO UPDATE SET
  last_used = CASE WHEN excluded.last_used > known_hosts.last_used THEN excluded.last_used
                   ELSE known_hosts.last_used END;

-- name: known_host
SELECT last_used FROM known_hosts WHERE tenant_id = $1 AND user_id = $2 AND digest = $3;

-- name: forget_known_hosts
DELETE FROM known_hosts WHERE tenant_id = $1 AND user_id = $2;

-- name: insert_session
INSERT INTO sessions (tenant_id, digest, face, user_id, sealed_context, created, expires, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: session_by_digest
SELECT tenant_id, digest, face, user_id, sealed_context, created, expires, version
FROM sessions WHERE tenant_id = $1 AND digest = $2 AND face = $3;

-- name: update_session
UPDATE sessions SET sealed_context = $4, expires = $5, version = version + 1
WHERE tenant_id = $1 AND digest = $2 AND version = $3;

-- name: delete_session
DELETE FROM sessions WHERE tenant_id = $1 AND digest = $2;

-- name: delete_sessions_of
DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2;

-- name: delete_sessions_before
DELETE FROM sessions WHERE (tenant_id, digest) IN
  (SELECT tenant_id, digest FROM sessions WHERE expires < $1 ORDER BY expires LIMIT $2);

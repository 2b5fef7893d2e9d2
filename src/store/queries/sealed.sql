-- Service-class values, table by table in the order of their keys, to be sealed anew under another root key
-- (flow/reseal.h). An update holds only where nobody changed the value meanwhile.

-- name: sealed_apps
SELECT tenant_id, '', id, sealed_secret FROM apps WHERE $2 = '' AND (tenant_id, id) > ($1, $3)
ORDER BY tenant_id, id LIMIT $4;

-- name: reseal_apps
UPDATE apps SET sealed_secret = $5 WHERE tenant_id = $1 AND $2 = '' AND id = $3 AND sealed_secret = $4;

-- name: sealed_phones
SELECT tenant_id, user_id, id, sealed_number FROM phones WHERE (tenant_id, user_id, id) > ($1, $2, $3)
ORDER BY tenant_id, user_id, id LIMIT $4;

-- name: reseal_phones
UPDATE phones SET sealed_number = $5 WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND sealed_number = $4;

-- name: sealed_enrolments
SELECT tenant_id, user_id, id, sealed_state FROM enrolments WHERE (tenant_id, user_id, id) > ($1, $2, $3)
ORDER BY tenant_id, user_id, id LIMIT $4;

-- name: reseal_enrolments
UPDATE enrolments SET sealed_state = $5 WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND sealed_state = $4;

-- name: sealed_attempts
SELECT tenant_id, '', id, sealed_context FROM attempts WHERE $2 = '' AND (tenant_id, id) > ($1, $3)
ORDER BY tenant_id, id LIMIT $4;

-- name: reseal_attempts
UPDATE attempts SET sealed_context = $5 WHERE tenant_id = $1 AND $2 = '' AND id = $3 AND sealed_context = $4;

-- name: sealed_visits
SELECT tenant_id, '', id, sealed_context FROM visits WHERE $2 = '' AND (tenant_id, id) > ($1, $3)
ORDER BY tenant_id, id LIMIT $4;

-- name: reseal_visits
UPDATE visits SET sealed_context = $5 WHERE tenant_id = $1 AND $2 = '' AND id = $3 AND sealed_context = $4;

-- name: sealed_sessions
SELECT tenant_id, '', digest, sealed_context FROM sessions WHERE $2 = '' AND (tenant_id, digest) > ($1, $3)
ORDER BY tenant_id, digest LIMIT $4;

-- name: reseal_sessions
UPDATE sessions SET sealed_context = $5 WHERE tenant_id = $1 AND $2 = '' AND digest = $3 AND sealed_context = $4;

-- name: sealed_incidents
SELECT tenant_id, '', id, sealed_evidence FROM incidents WHERE $2 = '' AND (tenant_id, id) > ($1, $3)
ORDER BY tenant_id, id LIMIT $4;

-- name: reseal_incidents
UPDATE incidents SET sealed_evidence = $5 WHERE tenant_id = $1 AND $2 = '' AND id = $3 AND sealed_evidence = $4;

-- name: sealed_notices
SELECT tenant_id, user_id, id, sealed_text FROM notices WHERE (tenant_id, user_id, id) > ($1, $2, $3)
ORDER BY tenant_id, user_id, id LIMIT $4;

-- name: reseal_notices
UPDATE notices SET sealed_text = $5 WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND sealed_text = $4;

-- name: sealed_subscriptions
SELECT tenant_id, '', phone_id, sealed_subscription FROM subscriptions WHERE $2 = '' AND (tenant_id, phone_id) > ($1, $3)
ORDER BY tenant_id, phone_id LIMIT $4;

-- name: reseal_subscriptions
UPDATE subscriptions SET sealed_subscription = $5 WHERE tenant_id = $1 AND $2 = '' AND phone_id = $3 AND sealed_subscription = $4;

-- name: sealed_scopes
SELECT '', '', id, sealed_result FROM scopes WHERE $1 = '' AND $2 = '' AND id > $3 ORDER BY id LIMIT $4;

-- name: reseal_scopes
UPDATE scopes SET sealed_result = $5 WHERE $1 = '' AND $2 = '' AND id = $3 AND sealed_result = $4;

-- name: sealed_key_exchange
SELECT tenant_id, '', name, sealed_key FROM key_exchange WHERE $2 = '' AND (tenant_id, name) > ($1, $3)
ORDER BY tenant_id, name LIMIT $4;

-- name: reseal_key_exchange
UPDATE key_exchange SET sealed_key = $5 WHERE tenant_id = $1 AND $2 = '' AND name = $3 AND sealed_key = $4;

-- name: sealed_tenant_contacts
SELECT tenant_id, '', tenant_id, sealed_address FROM tenant_contacts
WHERE $1 = $3 AND $2 = '' AND tenant_id > $3 ORDER BY tenant_id LIMIT $4;

-- name: reseal_tenant_contacts
UPDATE tenant_contacts SET sealed_address = $5 WHERE tenant_id = $1 AND $2 = '' AND tenant_id = $3 AND sealed_address = $4;

-- name: sealed_mails
SELECT tenant_id, '', id, sealed_content FROM mails WHERE $2 = '' AND (tenant_id, id) > ($1, $3)
ORDER BY tenant_id, id LIMIT $4;

-- name: reseal_mails
UPDATE mails SET sealed_content = $5 WHERE tenant_id = $1 AND $2 = '' AND id = $3 AND sealed_content = $4;

-- Most of the server's own values are not secret.
-- name: sealed_server_values
SELECT '', '', name, value FROM server_values
WHERE $1 = '' AND $2 = '' AND name > $3 AND name IN ('ca_key', 'vapid_key') ORDER BY name LIMIT $4;

-- name: reseal_server_values
UPDATE server_values SET value = $5 WHERE $1 = '' AND $2 = '' AND name = $3 AND value = $4;

-- name: put_server_value
INSERT INTO server_values (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- Attempts, activation codes, remembered devices.

-- name: insert_attempt
INSERT INTO attempts (tenant_id, id, app_id, user_id, phone_id, state, sealed_context, created, expires, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: attempt_by_id
SELECT tenant_id, id, app_id, user_id, phone_id, state, sealed_context, created, expires, version
FROM attempts WHERE tenant_id = $1 AND id = $2;

-- name: open_attempt_of
SELECT tenant_id, id, app_id, user_id, phone_id, state, sealed_context, created, expires, version
FROM attempts WHERE tenant_id = $1 AND user_id = $2 AND state = 'open';

-- name: open_attempts_of_phone
SELECT tenant_id, id, app_id, user_id, phone_id, state, sealed_context, created, expires, version
FROM attempts WHERE tenant_id = $1 AND phone_id = $2 AND state = 'open' ORDER BY created, id;

-- name: run_out_attempts
SELECT tenant_id, id, app_id, user_id, phone_id, state, sealed_context, created, expires, version
FROM attempts WHERE state = 'open' AND expires <= $1 ORDER BY expires LIMIT $2;

-- name: update_attempt
UPDATE attempts SET state = $4, phone_id = $5, sealed_context = $6, expires = $7, version = version + 1
WHERE tenant_id = $1 AND id = $2 AND version = $3;

-- name: delete_attempts_before
DELETE FROM attempts WHERE (tenant_id, id) IN
  (SELECT tenant_id, id FROM attempts WHERE expires < $1 ORDER BY expires LIMIT $2);

-- name: insert_activation
INSERT INTO activations (tenant_id, digest, user_id, phone_id, expires, used) VALUES ($1, $2, $3, $4, $5, $6);

-- name: activation_by_digest
SELECT tenant_id, digest, user_id, phone_id, expires, used FROM activations WHERE digest = $1;

-- name: use_activation
UPDATE activations SET used = $3 WHERE tenant_id = $1 AND digest = $2 AND used IS NULL;

-- name: insert_remembered
INSERT INTO remembered_devices (tenant_id, digest, user_id, app_id, expires) VALUES ($1, $2, $3, $4, $5);

-- name: remembered_by_digest
SELECT tenant_id, digest, user_id, app_id, expires FROM remembered_devices WHERE tenant_id = $1 AND digest = $2;

-- name: forget_remembered
DELETE FROM remembered_devices WHERE tenant_id = $1 AND user_id = $2;

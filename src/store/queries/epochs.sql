-- Epochs of sealed history, the keys they are wrapped to, and who keeps them.

-- name: insert_epoch
INSERT INTO epochs (tenant_id, day, id, writer, header, row_count, trailer) VALUES ($1, $2, $3, $4, $5, NULL, $6)
ON CONFLICT DO NOTHING;

-- name: epochs_of
SELECT tenant_id, day, id, writer, header, row_count, trailer, canaries
FROM epochs WHERE tenant_id = $1 AND day >= $2 AND day <= $3 ORDER BY day, id;

-- name: epoch_by_id
SELECT tenant_id, day, id, writer, header, row_count, trailer, canaries
FROM epochs WHERE tenant_id = $1 AND day = $2 AND id = $3;

-- name: unclosed_epochs
SELECT tenant_id, day, id, writer, header, row_count, trailer, canaries
FROM epochs WHERE row_count IS NULL AND day < $1 ORDER BY day, tenant_id, id LIMIT $2;

-- name: close_epoch
UPDATE epochs SET row_count = $4, trailer = $5, canaries = $6
WHERE tenant_id = $1 AND day = $2 AND id = $3 AND row_count IS NULL;

-- name: delete_epochs
DELETE FROM epochs WHERE (tenant_id, day, id) IN
  (SELECT tenant_id, day, id FROM epochs WHERE tenant_id = $1 AND day >= $2 AND day <= $3 ORDER BY day, id LIMIT $4);

-- name: keeping_of
SELECT custody, retention_days FROM tenants WHERE id = $1;

-- name: set_keeping
UPDATE tenants SET custody = $2, retention_days = $3 WHERE id = $1;

-- name: recipients_of
SELECT tenant_id, id, public_key, kind, name, created, retired
FROM recipient_keys WHERE tenant_id = $1 ORDER BY created, id;

-- name: insert_recipient
INSERT INTO recipient_keys (tenant_id, id, public_key, kind, name, created, retired)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: retire_recipient
UPDATE recipient_keys SET retired = $3 WHERE tenant_id = $1 AND id = $2 AND retired IS NULL;

-- name: key_slots_of
SELECT tenant_id, id, recipient, kind, name, credential, salt, wrapped, created
FROM key_slots WHERE tenant_id = $1 ORDER BY created, id;

-- name: insert_key_slot
INSERT INTO key_slots (tenant_id, id, recipient, kind, name, credential, salt, wrapped, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: delete_key_slot
DELETE FROM key_slots WHERE tenant_id = $1 AND id = $2;

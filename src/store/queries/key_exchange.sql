-- Keys that nodes with a keyring each share.

-- name: shared_key
SELECT sealed_key FROM key_exchange WHERE tenant_id = $1 AND name = $2;

-- name: shared_keys_of
SELECT name, sealed_key FROM key_exchange WHERE tenant_id = $1 ORDER BY name;

-- name: insert_shared_key
INSERT INTO key_exchange (tenant_id, name, sealed_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: destroy_shared_key
INSERT INTO key_exchange (tenant_id, name, sealed_key) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, name) DO UPDATE SET sealed_key = excluded.sealed_key;

-- name: delete_shared_pairs
DELETE FROM key_exchange WHERE tenant_id = $1 AND name >= 'pair-' AND name < 'pair.';

-- name: destroyed_keys
SELECT tenant_id, name FROM key_exchange WHERE length(sealed_key) = 0 AND (tenant_id, name) > ($1, $2)
ORDER BY tenant_id, name LIMIT $3;

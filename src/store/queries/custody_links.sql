-- Links with which a tenant sets up its own keys.

-- name: insert_custody_link
INSERT INTO custody_links (digest, tenant_id, purpose, expires) VALUES ($1, $2, $3, $4);

-- name: custody_link
SELECT digest, tenant_id, purpose, expires FROM custody_links WHERE digest = $1;

-- name: use_custody_link
DELETE FROM custody_links WHERE digest = $1 AND expires > $2;

-- name: delete_custody_links
DELETE FROM custody_links WHERE expires <= $1;

-- Tenants, their applications and policies.

-- name: insert_tenant
INSERT INTO tenants (id, parent, name, created, version, logo_png)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: tenant_by_id
SELECT id, parent, name, created, version, logo_png FROM tenants WHERE id = $1;

-- name: tenant_by_name
SELECT id, parent, name, created, version, logo_png FROM tenants WHERE name = $1;

-- name: tenants
SELECT id, parent, name, created, version, logo_png FROM tenants ORDER BY name;

-- name: first_tenants
SELECT id FROM tenants ORDER BY id LIMIT $1;

-- name: update_tenant
UPDATE tenants SET name = $3, logo_png = $4, version = version + 1
WHERE id = $1 AND version = $2;

-- name: insert_app
INSERT INTO apps (tenant_id, id, type, name, enabled, allow_v1, allow_sha1, sealed_secret, created, version,
  redirect_uris)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: app_by_id
SELECT tenant_id, id, type, name, enabled, allow_v1, allow_sha1, sealed_secret, created, version, redirect_uris
FROM apps WHERE id = $1;

-- name: app_by_name
SELECT tenant_id, id, type, name, enabled, allow_v1, allow_sha1, sealed_secret, created, version, redirect_uris
FROM apps WHERE tenant_id = $1 AND name = $2 ORDER BY created, id LIMIT 1;

-- name: apps
SELECT tenant_id, id, type, name, enabled, allow_v1, allow_sha1, sealed_secret, created, version, redirect_uris
FROM apps WHERE tenant_id = $1 ORDER BY name, id;

-- name: update_app
UPDATE apps SET name = $4, enabled = $5, allow_v1 = $6, allow_sha1 = $7, sealed_secret = $8, redirect_uris = $9,
  version = version + 1
WHERE tenant_id = $1 AND id = $2 AND version = $3;

-- name: put_policy
INSERT INTO policies (tenant_id, scope, owner, text) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, scope, owner) DO UPDATE SET text = excluded.text;

-- name: policy_of
SELECT scope, owner, text FROM policies WHERE tenant_id = $1 AND scope = $2 AND owner = $3;

-- name: policies_for
SELECT scope, owner, text FROM policies WHERE tenant_id = $1 AND scope = 'tenant' AND owner = $1
UNION ALL
SELECT scope, owner, text FROM policies WHERE tenant_id = $1 AND scope = 'app' AND owner = $2
UNION ALL
SELECT p.scope, p.owner, p.text FROM group_members m JOIN policies p
  ON p.tenant_id = m.tenant_id AND p.scope = 'group' AND p.owner = m.group_id
WHERE m.tenant_id = $1 AND m.user_id = $3;

-- Grants (which credential made which) and budgets of principals.

-- name: insert_grant
INSERT INTO grants (id, parent, kind, tenant_id, made, killed) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING;

-- name: grant_of
SELECT id, parent, kind, tenant_id, made, killed FROM grants WHERE id = $1;

-- name: grants_made_by
SELECT id, parent, kind, tenant_id, made, killed FROM grants WHERE parent = $1 AND parent <> '' ORDER BY made, id;

-- Also what was never noted as made: dead is dead.
-- name: kill_grant
INSERT INTO grants (id, parent, kind, tenant_id, made, killed) VALUES ($1, '', '', '', $2, $2)
ON CONFLICT (id) DO UPDATE SET killed = excluded.killed WHERE grants.killed IS NULL;

-- name: lift_kill
UPDATE grants SET killed = NULL WHERE id = $1 AND killed IS NOT NULL;

-- name: killed_grants
SELECT id, parent, kind, tenant_id, made, killed FROM grants
WHERE killed IS NOT NULL AND killed >= $1 ORDER BY killed, id;

-- name: spent_by
SELECT principal, budget, since, used FROM budgets WHERE principal = $1 AND budget = $2;

-- name: insert_spent
INSERT INTO budgets (principal, budget, since, used) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: update_spent
UPDATE budgets SET since = $3, used = $4 WHERE principal = $1 AND budget = $2 AND since = $5 AND used = $6;

-- A clock that was set back takes nothing away.
-- name: put_tenant_read
INSERT INTO tenant_reads (principal, tenant_id, at) VALUES ($1, $2, $3)
ON CONFLICT (principal, tenant_id) DO UPDATE SET
  at = CASE WHEN tenant_reads.at > excluded.at THEN tenant_reads.at ELSE excluded.at END;

-- name: count_tenant_reads
SELECT count(*) FROM tenant_reads WHERE principal = $1 AND at >= $2 AND tenant_id <> '';

-- name: forget_tenant_reads
DELETE FROM tenant_reads WHERE principal = $1;

-- name: delete_budgets_before
DELETE FROM budgets WHERE (principal, budget) IN
  (SELECT principal, budget FROM budgets WHERE since < $1 ORDER BY since LIMIT $2);

-- name: delete_tenant_reads_before
DELETE FROM tenant_reads WHERE (principal, tenant_id) IN
  (SELECT principal, tenant_id FROM tenant_reads WHERE at < $1 ORDER BY at LIMIT $2);

-- Scopes of incidents, breach notices, exports, signers, dispatches.

-- name: insert_scope
INSERT INTO scopes (id, query, sealed_result, made) VALUES ($1, $2, $3, $4);

-- name: scope_by_id
SELECT id, query, sealed_result, made FROM scopes WHERE id = $1;

-- name: scopes_page
SELECT id, query, sealed_result, made FROM scopes WHERE made < $1 ORDER BY made DESC, id LIMIT $2;

-- name: insert_breach_notice
INSERT INTO breach_notices (tenant_id, id, scope, user_id, code_digest, prepared, delivered, opened, acknowledged)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: breach_notice_by_code
SELECT tenant_id, id, scope, user_id, code_digest, prepared, delivered, opened, acknowledged
FROM breach_notices WHERE code_digest = $1;

-- name: breach_notice_by_id
SELECT tenant_id, id, scope, user_id, code_digest, prepared, delivered, opened, acknowledged
FROM breach_notices WHERE tenant_id = $1 AND id = $2;

-- name: breach_notices_of
SELECT tenant_id, id, scope, user_id, code_digest, prepared, delivered, opened, acknowledged
FROM breach_notices WHERE scope = $1 AND id > $2 ORDER BY id LIMIT $3;

-- name: mark_notice_delivered
UPDATE breach_notices SET delivered = $3 WHERE tenant_id = $1 AND id = $2 AND delivered IS NULL;

-- name: mark_notice_opened
UPDATE breach_notices SET opened = $3 WHERE tenant_id = $1 AND id = $2 AND opened IS NULL;

-- name: mark_notice_acknowledged
UPDATE breach_notices SET acknowledged = $3 WHERE tenant_id = $1 AND id = $2 AND acknowledged IS NULL;

-- name: insert_export
INSERT INTO exports (tenant_id, id, intent, requester, signature, approver, approval, state, asked, runs_at, expires,
  version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: export_by_id
SELECT tenant_id, id, intent, requester, signature, approver, approval, state, asked, runs_at, expires, version
FROM exports WHERE tenant_id = $1 AND id = $2;

-- name: update_export
UPDATE exports SET approver = $4, approval = $5, state = $6, runs_at = $7, expires = $8, signature = $9,
  version = version + 1
WHERE tenant_id = $1 AND id = $2 AND version = $3;

-- name: exports_of
SELECT tenant_id, id, intent, requester, signature, approver, approval, state, asked, runs_at, expires, version
FROM exports WHERE tenant_id = $1 AND asked < $2 ORDER BY asked DESC, id LIMIT $3;

-- name: count_open_exports
SELECT count(*) FROM exports WHERE tenant_id = $1 AND expires > $2 AND state IN ('asked', 'requested', 'approved');

-- name: expire_exports
UPDATE exports SET state = 'expired', version = version + 1 WHERE (tenant_id, id) IN
  (SELECT tenant_id, id FROM exports WHERE expires < $1 AND state IN ('asked', 'requested', 'approved')
   ORDER BY expires LIMIT $2);

-- name: delete_exports_before
DELETE FROM exports WHERE (tenant_id, id) IN
  (SELECT tenant_id, id FROM exports WHERE asked < $1 ORDER BY asked LIMIT $2);

-- name: insert_signer
INSERT INTO signers (tenant_id, id, name, public_key, made, killed) VALUES ($1, $2, $3, $4, $5, $6);

-- name: signer_by_id
SELECT tenant_id, id, name, public_key, made, killed FROM signers WHERE id = $1;

-- name: signers_of
SELECT tenant_id, id, name, public_key, made, killed FROM signers WHERE tenant_id = $1 ORDER BY made, id;

-- name: kill_signer
UPDATE signers SET killed = $2 WHERE id = $1 AND killed IS NULL;

-- name: insert_dispatch
INSERT INTO dispatches (tenant_id, reference, supplier, channel, hour, event_id, day, reaped)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: dispatches_through
SELECT tenant_id, reference, supplier, channel, hour, event_id, day, reaped FROM dispatches
WHERE supplier = $1 AND (hour, tenant_id, reference) > ($2, $3, $4) AND hour <= $5
ORDER BY hour, tenant_id, reference LIMIT $6;

-- name: dispatches_of
SELECT tenant_id, reference, supplier, channel, hour, event_id, day, reaped FROM dispatches
WHERE tenant_id = $1 AND reference > $2 ORDER BY reference LIMIT $3;

-- name: dispatch_by_reference
SELECT tenant_id, reference, supplier, channel, hour, event_id, day, reaped FROM dispatches WHERE reference = $1;

-- name: mark_reaped
UPDATE dispatches SET reaped = $3 WHERE tenant_id = $1 AND reference = $2 AND reaped IS NULL;

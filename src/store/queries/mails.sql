-- Mails to be sent, and where tenants want them.

-- name: put_tenant_contact
INSERT INTO tenant_contacts (tenant_id, sealed_address, masked) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id) DO UPDATE SET sealed_address = excluded.sealed_address, masked = excluded.masked;

-- name: tenant_contact
SELECT tenant_id, sealed_address, masked FROM tenant_contacts WHERE tenant_id = $1;

-- name: delete_tenant_contact
DELETE FROM tenant_contacts WHERE tenant_id = $1;

-- name: insert_mail
INSERT INTO mails (tenant_id, id, purpose, reference, sealed_content, state, posted, due, expires, ended, tries, reply,
  version)
VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, $8, NULL, 0, 0, 1) ON CONFLICT DO NOTHING;

-- name: mail_by_id
SELECT tenant_id, id, purpose, reference, sealed_content, state, posted, due, expires, ended, tries, reply, version
FROM mails WHERE tenant_id = $1 AND id = $2;

-- name: due_mails
SELECT tenant_id, id, purpose, reference, sealed_content, state, posted, due, expires, ended, tries, reply, version
FROM mails WHERE state = 'queued' AND due <= $1 ORDER BY due LIMIT $2;

-- name: lease_mail
UPDATE mails SET due = $4, tries = tries + 1, version = version + 1
WHERE tenant_id = $1 AND id = $2 AND version = $3 AND state = 'queued';

-- What was sent is kept no longer than the mail server needed.
-- name: settle_mail
UPDATE mails SET state = $4, due = $5, ended = $6, reply = $7, version = version + 1,
  sealed_content = CASE WHEN $4 = 'sent' THEN substr(sealed_content, 1, 0) ELSE sealed_content END
WHERE tenant_id = $1 AND id = $2 AND version = $3;

-- name: requeue_failed_mails
UPDATE mails SET state = 'queued', due = $1, expires = $2, ended = NULL, tries = 0, version = version + 1
WHERE state = 'failed' AND ended IS NOT NULL;

-- name: mails_page
SELECT tenant_id, id, purpose, reference, substr(sealed_content, 1, 0), state, posted, due, expires, ended, tries, reply,
  version
FROM mails WHERE state = $1 AND (tenant_id, id) > ($2, $3) ORDER BY tenant_id, id LIMIT $4;

-- name: delete_mails_before
DELETE FROM mails WHERE (tenant_id, id) IN
  (SELECT tenant_id, id FROM mails WHERE ended < $1 ORDER BY ended LIMIT $2);

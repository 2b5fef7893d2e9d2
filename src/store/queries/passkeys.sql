-- Passkeys by the digest of their credential id. A credential goes with its enrolment, before it.

-- name: insert_credential
INSERT INTO credentials (tenant_id, digest, user_id, enrolment_id) VALUES ($1, $2, $3, $4);

-- name: credential_by_digest
SELECT tenant_id, digest, user_id, enrolment_id FROM credentials WHERE tenant_id = $1 AND digest = $2;

-- name: delete_credential_of
DELETE FROM credentials WHERE tenant_id = $1 AND enrolment_id = $2;

-- name: delete_phone_credentials
DELETE FROM credentials WHERE tenant_id = $1 AND enrolment_id IN
  (SELECT id FROM enrolments WHERE tenant_id = $1 AND phone_id = $2);

-- name: delete_kind_credentials
DELETE FROM credentials WHERE tenant_id = $1 AND user_id = $2 AND enrolment_id IN
  (SELECT id FROM enrolments WHERE tenant_id = $1 AND user_id = $2 AND kind = $3);

-- name: delete_user_credentials
DELETE FROM credentials WHERE tenant_id = $1 AND user_id = $2;

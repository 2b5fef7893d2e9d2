-- Web Push: subscriptions of phones, the outbox of looks still to be sent, notices for authenticators.

-- name: put_subscription
INSERT INTO subscriptions (tenant_id, phone_id, sealed_subscription, created, version) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (tenant_id, phone_id) DO UPDATE SET sealed_subscription = excluded.sealed_subscription,
  created = excluded.created, version = subscriptions.version + 1;

-- name: subscription_of
SELECT tenant_id, phone_id, sealed_subscription, created, version
FROM subscriptions WHERE tenant_id = $1 AND phone_id = $2;

-- name: has_subscription
SELECT version FROM subscriptions WHERE tenant_id = $1 AND phone_id = $2;

-- name: delete_subscription
DELETE FROM subscriptions WHERE tenant_id = $1 AND phone_id = $2;

-- name: drop_subscription
DELETE FROM subscriptions WHERE tenant_id = $1 AND phone_id = $2 AND version = $3;

-- name: delete_user_subscriptions
DELETE FROM subscriptions WHERE tenant_id = $1 AND phone_id IN
  (SELECT id FROM phones WHERE tenant_id = $1 AND user_id = $2);

-- A newer look takes the place of an older one to the same phone, but does not hurry a service that asked for time.
-- name: put_outbox
INSERT INTO outbox (tenant_id, id, phone_id, topic, due, expires, tries, version) VALUES ($1, $2, $3, $4, $5, $6, 0, 1)
ON CONFLICT (tenant_id, id) DO UPDATE SET expires = excluded.expires, tries = 0, version = outbox.version + 1,
  due = CASE WHEN outbox.due > excluded.due THEN outbox.due ELSE excluded.due END;

-- name: due_outbox
SELECT tenant_id, id, phone_id, topic, due, expires, tries, version
FROM outbox WHERE due <= $1 ORDER BY due LIMIT $2;

-- name: lease_outbox
UPDATE outbox SET due = $4, tries = tries + 1, version = version + 1
WHERE tenant_id = $1 AND id = $2 AND version = $3;

-- name: delay_outbox
UPDATE outbox SET due = $3, version = version + 1 WHERE tenant_id = $1 AND id = $2;

-- name: delete_outbox
DELETE FROM outbox WHERE tenant_id = $1 AND id = $2 AND version = $3;

-- name: insert_notice
INSERT INTO notices (tenant_id, user_id, id, kind, sealed_text, created) VALUES ($1, $2, $3, $4, $5, $6);

-- name: notices_page
SELECT tenant_id, user_id, id, kind, sealed_text, created
FROM notices WHERE tenant_id = $1 AND user_id = $2 ORDER BY created DESC, id DESC LIMIT $3;

-- name: delete_notices_before
DELETE FROM notices WHERE (tenant_id, user_id, id) IN
  (SELECT tenant_id, user_id, id FROM notices WHERE created < $1 ORDER BY created LIMIT $2);

-- name: delete_user_notices
DELETE FROM notices WHERE tenant_id = $1 AND user_id = $2;

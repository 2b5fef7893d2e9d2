-- Users, groups, phones and enrolments. A user comes as one row for each group (or one with a NULL group).

-- name: insert_user
INSERT INTO users (tenant_id, id, name, username, email, realname, status, failures, locked_at, created, last_login,
  version, protected_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: user_by_name
SELECT u.tenant_id, u.id, u.username, u.email, u.realname, u.status, u.failures, u.locked_at, u.created, u.last_login,
  u.version, m.group_id, u.protected_at
FROM users u LEFT JOIN group_members m ON m.tenant_id = u.tenant_id AND m.user_id = u.id
WHERE u.tenant_id = $1 AND u.name = $2;

-- name: user_by_id
SELECT u.tenant_id, u.id, u.username, u.email, u.realname, u.status, u.failures, u.locked_at, u.created, u.last_login,
  u.version, m.group_id, u.protected_at
FROM users u LEFT JOIN group_members m ON m.tenant_id = u.tenant_id AND m.user_id = u.id
WHERE u.tenant_id = $1 AND u.id = $2;

-- name: users_page
SELECT u.tenant_id, u.id, u.username, u.email, u.realname, u.status, u.failures, u.locked_at, u.created, u.last_login,
  u.version, m.group_id, u.protected_at
FROM (SELECT * FROM users WHERE tenant_id = $1 AND name > $2 ORDER BY name LIMIT $3) u
LEFT JOIN group_members m ON m.tenant_id = u.tenant_id AND m.user_id = u.id
ORDER BY u.name;

-- name: update_user
UPDATE users SET name = $4, username = $5, email = $6, realname = $7, status = $8, version = version + 1
WHERE tenant_id = $1 AND id = $2 AND version = $3;

-- name: delete_user
DELETE FROM users WHERE tenant_id = $1 AND id = $2;

-- name: delete_user_phones
DELETE FROM phones WHERE tenant_id = $1 AND user_id = $2;

-- name: delete_user_enrolments
DELETE FROM enrolments WHERE tenant_id = $1 AND user_id = $2;

-- name: delete_user_memberships
DELETE FROM group_members WHERE tenant_id = $1 AND user_id = $2;

-- name: delete_user_activations
DELETE FROM activations WHERE tenant_id = $1 AND user_id = $2;

-- name: delete_user_attempts
DELETE FROM attempts WHERE tenant_id = $1 AND user_id = $2 AND state = 'open';

-- Every failure at or above the threshold sets the lock anew: a lock that has run out must not leave guessing free.
-- name: add_failure
UPDATE users SET failures = failures + 1,
  locked_at = CASE WHEN failures + 1 >= $3 THEN $4 ELSE locked_at END
WHERE tenant_id = $1 AND id = $2 RETURNING failures;

-- name: clear_failures
UPDATE users SET failures = 0, locked_at = NULL
WHERE tenant_id = $1 AND id = $2 AND (failures <> 0 OR locked_at IS NOT NULL);

-- name: user_gate
SELECT status, failures, locked_at, protected_at FROM users WHERE tenant_id = $1 AND id = $2;

-- name: touch_login
UPDATE users SET last_login = $3 WHERE tenant_id = $1 AND id = $2 AND (last_login IS NULL OR last_login < $3);

-- name: insert_group
INSERT INTO user_groups (tenant_id, id, name, description, status) VALUES ($1, $2, $3, $4, $5);

-- name: group_by_id
SELECT tenant_id, id, name, description, status FROM user_groups WHERE tenant_id = $1 AND id = $2;

-- name: group_by_name
SELECT tenant_id, id, name, description, status FROM user_groups WHERE tenant_id = $1 AND name = $2;

-- name: groups
SELECT tenant_id, id, name, description, status FROM user_groups WHERE tenant_id = $1 ORDER BY name;

-- name: groups_of
SELECT g.tenant_id, g.id, g.name, g.description, g.status
FROM group_members m JOIN user_groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
WHERE m.tenant_id = $1 AND m.user_id = $2 ORDER BY g.name;

-- name: update_group
UPDATE user_groups SET name = $3, description = $4, status = $5 WHERE tenant_id = $1 AND id = $2;

-- name: join_group
INSERT INTO group_members (tenant_id, user_id, group_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: leave_group
DELETE FROM group_members WHERE tenant_id = $1 AND user_id = $2 AND group_id = $3;

-- name: insert_phone
INSERT INTO phones (tenant_id, user_id, id, name, platform, masked, sealed_number, activated, created, last_seen, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: phone_by_id
SELECT tenant_id, user_id, id, name, platform, masked, sealed_number, activated, created, last_seen, version
FROM phones WHERE tenant_id = $1 AND id = $2;

-- name: phone_of_device
SELECT tenant_id, user_id, id, name, platform, masked, sealed_number, activated, created, last_seen, version
FROM phones WHERE id = $1;

-- name: phones_of
SELECT tenant_id, user_id, id, name, platform, masked, sealed_number, activated, created, last_seen, version
FROM phones WHERE tenant_id = $1 AND user_id = $2 ORDER BY created, id;

-- name: update_phone
UPDATE phones SET name = $4, platform = $5, masked = $6, sealed_number = $7, activated = $8, last_seen = $9,
  version = version + 1
WHERE tenant_id = $1 AND id = $2 AND version = $3;

-- name: delete_phone
DELETE FROM phones WHERE tenant_id = $1 AND id = $2;

-- name: delete_phone_enrolments
DELETE FROM enrolments WHERE tenant_id = $1 AND phone_id = $2;

-- name: insert_enrolment
INSERT INTO enrolments (tenant_id, user_id, id, kind, phone_id, label, sealed_state, created, last_used, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: enrolment_by_id
SELECT tenant_id, user_id, id, kind, phone_id, label, sealed_state, created, last_used, version
FROM enrolments WHERE tenant_id = $1 AND id = $2;

-- name: enrolments_of
SELECT tenant_id, user_id, id, kind, phone_id, label, sealed_state, created, last_used, version
FROM enrolments WHERE tenant_id = $1 AND user_id = $2 ORDER BY created, id;

-- name: enrolment_of_phone
SELECT tenant_id, user_id, id, kind, phone_id, label, sealed_state, created, last_used, version
FROM enrolments WHERE tenant_id = $1 AND phone_id = $2 AND phone_id <> '' AND kind = $3 ORDER BY created, id LIMIT 1;

-- name: advance_enrolment
UPDATE enrolments SET sealed_state = $5, last_used = $6, version = version + 1
WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND version = $4;

-- name: relabel_enrolment
UPDATE enrolments SET label = $5, version = version + 1
WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND version = $4;

-- name: delete_enrolment
DELETE FROM enrolments WHERE tenant_id = $1 AND id = $2;

-- name: delete_enrolments
DELETE FROM enrolments WHERE tenant_id = $1 AND user_id = $2 AND kind = $3;

-- Whose a thing is that was named by its id alone. Administration only: one index look-up for each tenant, inside the
-- engine; CROSS JOIN keeps SQLite from reading the large table from end to end.

-- name: tenant_of_user
SELECT u.tenant_id FROM tenants t CROSS JOIN users u WHERE u.tenant_id = t.id AND u.id = $1;

-- name: tenant_of_group
SELECT g.tenant_id FROM tenants t CROSS JOIN user_groups g WHERE g.tenant_id = t.id AND g.id = $1;

-- name: tenant_of_enrolment
SELECT e.tenant_id FROM tenants t CROSS JOIN enrolments e WHERE e.tenant_id = t.id AND e.id = $1;

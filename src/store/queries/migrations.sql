-- Which migrations have run.

-- name: migrations
SELECT number, name FROM schema_migrations ORDER BY number;

-- name: insert_migration
INSERT INTO schema_migrations (number, name) VALUES ($1, $2);

-- name: delete_migration
DELETE FROM schema_migrations WHERE number = $1;

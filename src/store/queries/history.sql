-- Sealed history, the server's own values, and changes that waiters on other nodes want to hear of.

-- name: append_history
INSERT INTO history (tenant_id, stream, day, id, sealed, user_tag, number_tag) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: history_day_of
SELECT day FROM history WHERE position = $1 AND tenant_id = $2 AND stream = $3;

-- name: history_next_day
SELECT day FROM history WHERE tenant_id = $1 AND stream = $2 AND day >= $3 AND day <= $4 ORDER BY day LIMIT 1;

-- name: history_of_day
SELECT position, day, id, sealed, user_tag, number_tag FROM history
WHERE tenant_id = $1 AND stream = $2 AND day = $3 AND position > $4 AND position < $5
ORDER BY position LIMIT $6;

-- name: history_day_before
SELECT day FROM history WHERE tenant_id = $1 AND stream = $2 AND day < $3 ORDER BY day DESC LIMIT 1;

-- name: history_of_day_back
SELECT position, day, id, sealed, user_tag, number_tag FROM history
WHERE tenant_id = $1 AND stream = $2 AND day = $3 AND position < $4
ORDER BY position DESC LIMIT $5;

-- The tags are compared in the index.
-- name: history_by_user_tag
SELECT position, day, id, sealed, user_tag, number_tag FROM history
WHERE tenant_id = $1 AND stream = $2 AND day = $3 AND position < $4 AND user_tag = $5
ORDER BY position DESC LIMIT $6;

-- name: history_by_number_tag
SELECT position, day, id, sealed, user_tag, number_tag FROM history
WHERE tenant_id = $1 AND stream = $2 AND day = $3 AND position < $4 AND number_tag = $5
ORDER BY position DESC LIMIT $6;

-- A sealed row begins with the id of its epoch (core/history/epoch.h).
-- name: history_of_epoch
SELECT position, day, id, sealed, user_tag, number_tag FROM history
WHERE tenant_id = $1 AND stream = $2 AND day = $3 AND position > $4 AND position < $5
  AND substr(sealed, 1, 16) = $6
ORDER BY position LIMIT $7;

-- name: delete_history
DELETE FROM history WHERE position IN
  (SELECT position FROM history WHERE tenant_id = $1 AND stream = $2 AND day >= $3 AND day <= $4
   ORDER BY day, position LIMIT $5);

-- name: count_history
SELECT count(*) FROM history WHERE tenant_id = $1 AND stream = $2;

-- name: count_history_of_days
SELECT count(*) FROM history WHERE tenant_id = $1 AND stream IN (1, 2, 3) AND day >= $2 AND day <= $3;

-- name: server_value
SELECT value FROM server_values WHERE name = $1;

-- name: insert_server_value
INSERT INTO server_values (name, value) VALUES ($1, $2);

-- name: note_change
INSERT INTO changes (key, at) VALUES ($1, $2);

-- In no order: asked for one, SQLite reads the whole table instead of the two indexes.
-- name: changes_since
SELECT seq, key FROM changes WHERE seq > $1 OR at >= $2;

-- name: delete_changes_before
DELETE FROM changes WHERE at < $1;

-- name: ping
SELECT 1;

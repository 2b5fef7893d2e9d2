-- The ledger's trees, entries, nodes and checkpoints.

-- name: ledger_edge
SELECT size, peaks FROM ledger_trees WHERE tree = $1;

-- Changes nothing: the row is held until the commit.
-- name: take_ledger_turn
UPDATE ledger_trees SET size = size WHERE tree = $1;

-- name: insert_ledger_tree
INSERT INTO ledger_trees (tree, size, peaks, published) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING;

-- name: grow_ledger_tree
UPDATE ledger_trees SET size = $3, peaks = $4 WHERE tree = $1 AND size = $2;

-- Nothing where nobody has acted so before.
-- name: insert_ledger_entry
INSERT INTO ledger_entries (tree, seq, leaf, entry, at, who)
SELECT $1, $2, $3, $4, $5, id FROM ledger_actors WHERE credential = $6 AND session = $7 AND ip = $8 AND actor = $9;

-- name: insert_ledger_actor
INSERT INTO ledger_actors (credential, session, ip, actor) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: ledger_entries
SELECT tree, seq, leaf, entry, at FROM ledger_entries WHERE tree = $1 AND seq >= $2 ORDER BY seq LIMIT $3;

-- name: last_entry_before
SELECT at FROM ledger_entries WHERE tree = $1 AND at < $2 ORDER BY seq DESC LIMIT 1;

-- name: ledger_leaves
SELECT leaf FROM ledger_entries WHERE tree = $1 AND seq >= $2 AND seq < $3 ORDER BY seq;

-- name: insert_ledger_node
INSERT INTO ledger_nodes (tree, level, idx, hash) VALUES ($1, $2, $3, $4);

-- name: ledger_nodes
SELECT hash FROM ledger_nodes WHERE tree = $1 AND level = $2 AND idx >= $3 AND idx < $4 ORDER BY idx;

-- name: grown_trees
SELECT tree, size, peaks FROM ledger_trees WHERE size <> published AND tree > '' ORDER BY tree LIMIT $1;

-- name: checkpoint_of
SELECT tree, size, note, at, global_seq FROM checkpoints WHERE tree = $1;

-- name: put_checkpoint
INSERT INTO checkpoints (tree, size, note, at, global_seq) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tree) DO UPDATE SET size = excluded.size, note = excluded.note, at = excluded.at,
  global_seq = excluded.global_seq
WHERE checkpoints.size <= excluded.size;

-- name: publish_ledger_tree
UPDATE ledger_trees SET published = $2 WHERE tree = $1 AND published < $2;

-- name: actors_by_credential
SELECT id FROM ledger_actors WHERE credential = $1 AND id >= $2;

-- name: actors_by_session
SELECT id FROM ledger_actors WHERE session = $1 AND session <> '' AND id >= $2;

-- name: actors_by_ip
SELECT id FROM ledger_actors WHERE ip = $1 AND ip <> '' AND id >= $2;

-- name: actors_by_actor
SELECT id FROM ledger_actors WHERE actor = $1 AND actor <> '' AND id >= $2;

-- After a place, within a time, oldest first.
-- name: entries_of_actor
SELECT tree, seq, leaf, entry, at FROM ledger_entries
WHERE who = $1 AND (at, tree, seq) > ($2, $3, $4) AND at < $5
ORDER BY at, tree, seq LIMIT $6;

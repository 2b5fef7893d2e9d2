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

-- name: insert_ledger_entry
INSERT INTO ledger_entries (tree, seq, leaf, entry, at, type, outcome, actor_kind, actor, credential, session, ip,
  object, row_count)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: ledger_entries
SELECT tree, seq, leaf, entry, at, type, outcome, actor_kind, actor, credential, session, ip, object, row_count
FROM ledger_entries WHERE tree = $1 AND seq >= $2 ORDER BY seq LIMIT $3;

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

-- The four that look for entries: after a place, within a time, oldest first.
-- name: entries_by_credential
SELECT tree, seq, leaf, entry, at, type, outcome, actor_kind, actor, credential, session, ip, object, row_count
FROM ledger_entries
WHERE credential = $1 AND credential <> '' AND (at, tree, seq) > ($2, $3, $4) AND at < $5
ORDER BY at, tree, seq LIMIT $6;

-- name: entries_by_session
SELECT tree, seq, leaf, entry, at, type, outcome, actor_kind, actor, credential, session, ip, object, row_count
FROM ledger_entries
WHERE session = $1 AND session <> '' AND (at, tree, seq) > ($2, $3, $4) AND at < $5
ORDER BY at, tree, seq LIMIT $6;

-- name: entries_by_ip
SELECT tree, seq, leaf, entry, at, type, outcome, actor_kind, actor, credential, session, ip, object, row_count
FROM ledger_entries
WHERE ip = $1 AND ip <> '' AND (at, tree, seq) > ($2, $3, $4) AND at < $5
ORDER BY at, tree, seq LIMIT $6;

-- name: entries_by_actor
SELECT tree, seq, leaf, entry, at, type, outcome, actor_kind, actor, credential, session, ip, object, row_count
FROM ledger_entries
WHERE actor = $1 AND actor <> '' AND (at, tree, seq) > ($2, $3, $4) AND at < $5
ORDER BY at, tree, seq LIMIT $6;

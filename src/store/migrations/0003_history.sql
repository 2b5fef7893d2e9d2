-- History that is worthless when stolen: epochs and who may open them, the ledger of reads and changes, budgets, what is
-- kept of a breach.
-- The history of development versions was sealed under a key of the server, a form that is given up: its rows go.

-- up

DROP TABLE history;

-- Tags are those of core/history/blind_index.h. They trail the index, so that looking for one reads no row but its own.
CREATE TABLE history (
  position @serial,
  tenant_id @text NOT NULL,
  stream @int NOT NULL,
  day @int NOT NULL,
  id @text NOT NULL,
  sealed @bytes NOT NULL,
  user_tag @int,
  number_tag @int
) @strict;
CREATE INDEX history_by_day ON history (tenant_id, stream, day, position, user_tag, number_tag);

-- Without a trailer an epoch is open, or its writer ended before it could close it.
CREATE TABLE epochs (
  tenant_id @text NOT NULL,
  day @int NOT NULL,
  id @bytes NOT NULL,
  writer @text NOT NULL,
  header @bytes NOT NULL,
  row_count @int,
  trailer @bytes NOT NULL,
  PRIMARY KEY (tenant_id, day, id)
) @strict;
CREATE INDEX epochs_unclosed ON epochs (day, tenant_id, id) WHERE row_count IS NULL;

ALTER TABLE tenants ADD COLUMN custody @text NOT NULL DEFAULT 'service';
ALTER TABLE tenants ADD COLUMN retention_days @int;

CREATE TABLE recipient_keys (
  tenant_id @text NOT NULL,
  id @bytes NOT NULL,
  public_key @bytes NOT NULL,
  kind @text NOT NULL,
  name @text NOT NULL,
  created @int NOT NULL,
  retired @int,
  PRIMARY KEY (tenant_id, id)
) @clustered;

CREATE TABLE key_slots (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  recipient @bytes NOT NULL,
  kind @text NOT NULL,
  name @text NOT NULL,
  credential @bytes NOT NULL,
  salt @bytes NOT NULL,
  wrapped @bytes NOT NULL,
  created @int NOT NULL,
  PRIMARY KEY (tenant_id, id)
) @clustered;

-- A tree is its tenant's id, the global tree ''. `peaks` is its growing edge, `published` the size of its newest
-- checkpoint.
CREATE TABLE ledger_trees (
  tree @text NOT NULL PRIMARY KEY,
  size @int NOT NULL,
  peaks @bytes NOT NULL,
  published @int NOT NULL
) @clustered;
CREATE INDEX ledger_trees_grown ON ledger_trees (tree) WHERE size <> published;

-- Who acted, with what and from where: what a scope looks for. Events are many, these few, so that each event pays for
-- one narrow index and not for four wide ones.
CREATE TABLE ledger_actors (
  id @serial,
  credential @text NOT NULL,
  session @text NOT NULL,
  ip @text NOT NULL,
  actor @text NOT NULL,
  UNIQUE (credential, session, ip, actor)
) @strict;
CREATE INDEX ledger_actors_by_session ON ledger_actors (session, id) WHERE session <> '';
CREATE INDEX ledger_actors_by_ip ON ledger_actors (ip, id) WHERE ip <> '';
CREATE INDEX ledger_actors_by_actor ON ledger_actors (actor, id) WHERE actor <> '';

-- The entry is the leaf's text. Not clustered: SQLite keeps whole rows in the inner pages of a clustered table, and these
-- are long; so they also stand in the order of writing.
CREATE TABLE ledger_entries (
  tree @text NOT NULL,
  seq @int NOT NULL,
  leaf @bytes NOT NULL,
  entry @text NOT NULL,
  at @int NOT NULL,
  who @int NOT NULL,
  PRIMARY KEY (tree, seq)
) @strict;
CREATE INDEX ledger_entries_by_who ON ledger_entries (who, at);

-- Inner nodes of levels 8, 16, …; the ones between are computed.
CREATE TABLE ledger_nodes (
  tree @text NOT NULL,
  level @int NOT NULL,
  idx @int NOT NULL,
  hash @bytes NOT NULL,
  PRIMARY KEY (tree, level, idx)
) @clustered;

CREATE TABLE checkpoints (
  tree @text NOT NULL PRIMARY KEY,
  size @int NOT NULL,
  note @text NOT NULL,
  at @int NOT NULL,
  global_seq @int NOT NULL
) @strict;

-- Which credential made which; an id is made by us and unique over all tenants.
CREATE TABLE grants (
  id @text NOT NULL PRIMARY KEY,
  parent @text NOT NULL,
  kind @text NOT NULL,
  tenant_id @text NOT NULL,
  made @int NOT NULL,
  killed @int
) @clustered;
CREATE INDEX grants_by_parent ON grants (parent) WHERE parent <> '';
CREATE INDEX grants_killed ON grants (killed) WHERE killed IS NOT NULL;

CREATE TABLE budgets (
  principal @text NOT NULL,
  budget @text NOT NULL,
  since @int NOT NULL,
  used @int NOT NULL,
  PRIMARY KEY (principal, budget)
) @clustered;
CREATE INDEX budgets_by_time ON budgets (since);

-- Which tenants a principal read. The row of tenant '' is its turn: who counts holds it until the commit.
CREATE TABLE tenant_reads (
  principal @text NOT NULL,
  tenant_id @text NOT NULL,
  at @int NOT NULL,
  PRIMARY KEY (principal, tenant_id)
) @clustered;
CREATE INDEX tenant_reads_by_principal ON tenant_reads (principal, at);
CREATE INDEX tenant_reads_by_time ON tenant_reads (at);

CREATE TABLE scopes (
  id @text NOT NULL PRIMARY KEY,
  query @text NOT NULL,
  sealed_result @bytes NOT NULL,
  made @int NOT NULL
) @clustered;
CREATE INDEX scopes_by_time ON scopes (made);

CREATE TABLE breach_notices (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  scope @text NOT NULL,
  user_id @text NOT NULL,
  code_digest @bytes NOT NULL,
  prepared @int NOT NULL,
  delivered @int,
  opened @int,
  acknowledged @int,
  PRIMARY KEY (tenant_id, id)
) @clustered;
CREATE UNIQUE INDEX breach_notices_by_code ON breach_notices (tenant_id, code_digest);
CREATE INDEX breach_notices_by_scope ON breach_notices (scope, id);

CREATE TABLE exports (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  intent @text NOT NULL,
  requester @text NOT NULL,
  signature @bytes NOT NULL,
  approver @text NOT NULL,
  approval @bytes NOT NULL,
  state @text NOT NULL,
  asked @int NOT NULL,
  runs_at @int NOT NULL,
  expires @int NOT NULL,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, id)
) @clustered;
CREATE INDEX exports_by_time ON exports (tenant_id, asked);

-- A signer's id names it without the tenant: a signature is checked before anything else is known.
CREATE TABLE signers (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  name @text NOT NULL,
  public_key @bytes NOT NULL,
  made @int NOT NULL,
  killed @int,
  PRIMARY KEY (tenant_id, id)
) @clustered;
CREATE UNIQUE INDEX signers_by_id ON signers (id);

-- What went out through which supplier, who knows nothing but the reference.
CREATE TABLE dispatches (
  tenant_id @text NOT NULL,
  reference @text NOT NULL,
  supplier @text NOT NULL,
  channel @text NOT NULL,
  hour @int NOT NULL,
  event_id @text NOT NULL,
  day @int NOT NULL,
  reaped @int,
  PRIMARY KEY (tenant_id, reference)
) @clustered;
CREATE UNIQUE INDEX dispatches_by_reference ON dispatches (reference);
CREATE INDEX dispatches_by_supplier ON dispatches (supplier, hour, tenant_id, reference);

-- down

DROP TABLE dispatches;
DROP TABLE signers;
DROP TABLE exports;
DROP TABLE breach_notices;
DROP TABLE scopes;
DROP TABLE tenant_reads;
DROP TABLE budgets;
DROP TABLE grants;
DROP TABLE checkpoints;
DROP TABLE ledger_nodes;
DROP TABLE ledger_entries;
DROP TABLE ledger_actors;
DROP TABLE ledger_trees;
DROP TABLE key_slots;
DROP TABLE recipient_keys;
ALTER TABLE tenants DROP COLUMN retention_days;
ALTER TABLE tenants DROP COLUMN custody;
DROP TABLE epochs;
DROP TABLE history;

CREATE TABLE history (
  position @serial,
  tenant_id @text NOT NULL,
  stream @int NOT NULL,
  day @int NOT NULL,
  id @text NOT NULL,
  sealed @bytes NOT NULL
) @strict;
CREATE INDEX history_by_day ON history (tenant_id, stream, day, position);

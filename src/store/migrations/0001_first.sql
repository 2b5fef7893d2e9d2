-- The first tables. The tenant leads every key of what belongs to a tenant; the three things found without it (an
-- integration key, a device's phone id, the digest of an activation code) are unique over all tenants.
-- Ids are made by us. There are no foreign keys: the hot tables are written at every sign-in, and a checked parent row
-- would cost each of them a look-up; deletions name their dependants (queries/users.sql).
-- A sign-in finds user and enrolments by their primary keys: one descent each in a clustered table.
-- @bytes @int @text @serial are types, @strict and @clustered table options that each engine spells its own way.

-- up

CREATE TABLE tenants (
  id @text NOT NULL PRIMARY KEY,
  parent @text NOT NULL,
  name @text NOT NULL UNIQUE,
  created @int NOT NULL,
  version @int NOT NULL,
  logo_png @bytes NOT NULL
) @strict;

CREATE TABLE apps (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  type @text NOT NULL,
  name @text NOT NULL,
  enabled @int NOT NULL,
  allow_v1 @int NOT NULL,
  allow_sha1 @int NOT NULL,
  sealed_secret @bytes NOT NULL,
  created @int NOT NULL,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, id)
) @strict;
CREATE UNIQUE INDEX apps_by_key ON apps (id);
CREATE INDEX apps_by_name ON apps (tenant_id, name);

CREATE TABLE policies (
  tenant_id @text NOT NULL,
  scope @text NOT NULL,
  owner @text NOT NULL,
  text @text NOT NULL,
  PRIMARY KEY (tenant_id, scope, owner)
) @clustered;

CREATE TABLE users (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  name @text NOT NULL,
  username @text NOT NULL,
  email @text NOT NULL,
  realname @text NOT NULL,
  status @text NOT NULL,
  failures @int NOT NULL,
  locked_at @int,
  created @int NOT NULL,
  last_login @int,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, name)
) @clustered;
CREATE UNIQUE INDEX users_by_id ON users (tenant_id, id);

CREATE TABLE user_groups (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  name @text NOT NULL,
  description @text NOT NULL,
  status @text NOT NULL,
  PRIMARY KEY (tenant_id, id)
) @strict;
CREATE UNIQUE INDEX user_groups_by_name ON user_groups (tenant_id, name);

CREATE TABLE group_members (
  tenant_id @text NOT NULL,
  user_id @text NOT NULL,
  group_id @text NOT NULL,
  PRIMARY KEY (tenant_id, user_id, group_id)
) @clustered;
CREATE INDEX group_members_by_group ON group_members (tenant_id, group_id);

CREATE TABLE phones (
  tenant_id @text NOT NULL,
  user_id @text NOT NULL,
  id @text NOT NULL,
  name @text NOT NULL,
  platform @text NOT NULL,
  masked @text NOT NULL,
  sealed_number @bytes NOT NULL,
  activated @int NOT NULL,
  created @int NOT NULL,
  last_seen @int,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, user_id, id)
) @clustered;
CREATE UNIQUE INDEX phones_by_id ON phones (id);

CREATE TABLE enrolments (
  tenant_id @text NOT NULL,
  user_id @text NOT NULL,
  id @text NOT NULL,
  kind @text NOT NULL,
  phone_id @text NOT NULL,
  label @text NOT NULL,
  sealed_state @bytes NOT NULL,
  created @int NOT NULL,
  last_used @int,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, user_id, id)
) @clustered;
CREATE UNIQUE INDEX enrolments_by_id ON enrolments (tenant_id, id);
CREATE INDEX enrolments_by_phone ON enrolments (tenant_id, phone_id) WHERE phone_id <> '';

CREATE TABLE attempts (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  app_id @text NOT NULL,
  user_id @text NOT NULL,
  phone_id @text NOT NULL,
  state @text NOT NULL,
  sealed_context @bytes NOT NULL,
  created @int NOT NULL,
  expires @int NOT NULL,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, id)
) @clustered;
CREATE UNIQUE INDEX attempts_open ON attempts (tenant_id, user_id) WHERE state = 'open';
CREATE INDEX attempts_open_by_phone ON attempts (tenant_id, phone_id) WHERE state = 'open';
CREATE INDEX attempts_by_expiry ON attempts (expires);
CREATE INDEX attempts_open_by_expiry ON attempts (expires) WHERE state = 'open';

CREATE TABLE activations (
  tenant_id @text NOT NULL,
  digest @bytes NOT NULL,
  user_id @text NOT NULL,
  phone_id @text NOT NULL,
  expires @int NOT NULL,
  used @int,
  PRIMARY KEY (tenant_id, digest)
) @clustered;
CREATE UNIQUE INDEX activations_by_digest ON activations (digest);
CREATE INDEX activations_by_user ON activations (tenant_id, user_id);

CREATE TABLE remembered_devices (
  tenant_id @text NOT NULL,
  digest @bytes NOT NULL,
  user_id @text NOT NULL,
  app_id @text NOT NULL,
  expires @int NOT NULL,
  PRIMARY KEY (tenant_id, digest)
) @clustered;
CREATE INDEX remembered_devices_by_user ON remembered_devices (tenant_id, user_id);

CREATE TABLE history (
  position @serial,
  tenant_id @text NOT NULL,
  stream @int NOT NULL,
  day @int NOT NULL,
  id @text NOT NULL,
  sealed @bytes NOT NULL
) @strict;
CREATE INDEX history_by_day ON history (tenant_id, stream, day, position);

CREATE TABLE server_values (
  name @text NOT NULL PRIMARY KEY,
  value @bytes NOT NULL
) @strict;

CREATE TABLE changes (
  seq @serial,
  key @text NOT NULL,
  at @int NOT NULL
) @strict;
CREATE INDEX changes_by_time ON changes (at);

-- down

DROP TABLE changes;
DROP TABLE server_values;
DROP TABLE history;
DROP TABLE remembered_devices;
DROP TABLE activations;
DROP TABLE attempts;
DROP TABLE enrolments;
DROP TABLE phones;
DROP TABLE group_members;
DROP TABLE user_groups;
DROP TABLE users;
DROP TABLE policies;
DROP TABLE apps;
DROP TABLE tenants;

-- What a sign-in in a browser needs: visits of the prompt, browsers and hosts a user is known from, passkeys found by
-- their credential id, portal sessions, budgets against prompt bombing, protected accounts, incidents, Web Push.

-- up

ALTER TABLE apps ADD COLUMN redirect_uris @text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN protected_at @int;
ALTER TABLE users ADD COLUMN passkey_shown_at @int;

-- A visit is one passage of a browser through the prompt; its address names it without the tenant.
CREATE TABLE visits (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  app_id @text NOT NULL,
  user_id @text NOT NULL,
  state @text NOT NULL,
  sealed_context @bytes NOT NULL,
  created @int NOT NULL,
  expires @int NOT NULL,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, id)
) @clustered;
CREATE UNIQUE INDEX visits_by_id ON visits (id);
CREATE INDEX visits_by_user ON visits (tenant_id, user_id);
CREATE INDEX visits_by_expiry ON visits (expires);

-- Digests of tokens that count once (jti of client assertions, RFC 7523 §3).
CREATE TABLE spent_tokens (
  tenant_id @text NOT NULL,
  digest @bytes NOT NULL,
  expires @int NOT NULL,
  PRIMARY KEY (tenant_id, digest)
) @clustered;
CREATE INDEX spent_tokens_by_expiry ON spent_tokens (expires);

-- A browser, by the id in its cookie; the cookie's secret changes with each success.
CREATE TABLE browsers (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  secret_digest @bytes NOT NULL,
  previous_digest @bytes NOT NULL,
  rotated @int NOT NULL,
  public_key @bytes NOT NULL,
  created @int NOT NULL,
  expires @int NOT NULL,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, id)
) @clustered;
CREATE INDEX browsers_by_expiry ON browsers (expires);

-- From which browsers a user has signed in, and where that is remembered.
CREATE TABLE known_browsers (
  tenant_id @text NOT NULL,
  user_id @text NOT NULL,
  browser_id @text NOT NULL,
  app_id @text NOT NULL,
  first_used @int NOT NULL,
  last_used @int NOT NULL,
  remembered_until @int,
  PRIMARY KEY (tenant_id, user_id, browser_id, app_id)
) @clustered;
CREATE INDEX known_browsers_by_browser ON known_browsers (tenant_id, browser_id);

-- From which places (application and address, as a keyed digest) without a browser a user has signed in.
CREATE TABLE known_hosts (
  tenant_id @text NOT NULL,
  user_id @text NOT NULL,
  digest @bytes NOT NULL,
  last_used @int NOT NULL,
  PRIMARY KEY (tenant_id, user_id, digest)
) @clustered;

-- Passkeys by the keyed digest of their credential id.
CREATE TABLE credentials (
  tenant_id @text NOT NULL,
  digest @bytes NOT NULL,
  user_id @text NOT NULL,
  enrolment_id @text NOT NULL,
  PRIMARY KEY (tenant_id, digest)
) @clustered;
CREATE INDEX credentials_by_user ON credentials (tenant_id, user_id);
CREATE INDEX credentials_by_enrolment ON credentials (tenant_id, enrolment_id);

CREATE TABLE sessions (
  tenant_id @text NOT NULL,
  digest @bytes NOT NULL,
  face @text NOT NULL,
  user_id @text NOT NULL,
  sealed_context @bytes NOT NULL,
  created @int NOT NULL,
  expires @int NOT NULL,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, digest)
) @clustered;
CREATE INDEX sessions_by_user ON sessions (tenant_id, user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires);

-- How often somebody was asked without answering: by user, and by the keyed digest of a source network.
CREATE TABLE fatigue (
  tenant_id @text NOT NULL,
  owner @text NOT NULL,
  state @text NOT NULL,
  touched @int NOT NULL,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, owner)
) @clustered;
CREATE INDEX fatigue_by_time ON fatigue (touched);

CREATE TABLE incidents (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  kind @text NOT NULL,
  user_id @text NOT NULL,
  opened @int NOT NULL,
  closed @int,
  sealed_evidence @bytes NOT NULL,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, id)
) @clustered;
CREATE INDEX incidents_by_time ON incidents (tenant_id, opened);
CREATE INDEX incidents_by_user ON incidents (tenant_id, user_id);

-- What a user is told on the authenticators: a factor was added, an attack was stopped.
CREATE TABLE notices (
  tenant_id @text NOT NULL,
  user_id @text NOT NULL,
  id @text NOT NULL,
  kind @text NOT NULL,
  sealed_text @bytes NOT NULL,
  created @int NOT NULL,
  PRIMARY KEY (tenant_id, user_id, id)
) @clustered;
CREATE INDEX notices_by_time ON notices (created);

-- Where a phone's push service takes messages (RFC 8030), and the messages ("look", never more) still to be sent.
CREATE TABLE subscriptions (
  tenant_id @text NOT NULL,
  phone_id @text NOT NULL,
  sealed_subscription @bytes NOT NULL,
  created @int NOT NULL,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, phone_id)
) @clustered;

CREATE TABLE outbox (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  phone_id @text NOT NULL,
  topic @text NOT NULL,
  due @int NOT NULL,
  expires @int NOT NULL,
  tries @int NOT NULL,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, id)
) @clustered;
CREATE INDEX outbox_due ON outbox (due);

-- down

DROP TABLE outbox;
DROP TABLE subscriptions;
DROP TABLE notices;
DROP TABLE incidents;
DROP TABLE fatigue;
DROP TABLE sessions;
DROP TABLE credentials;
DROP TABLE known_hosts;
DROP TABLE known_browsers;
DROP TABLE browsers;
DROP TABLE spent_tokens;
DROP TABLE visits;
ALTER TABLE users DROP COLUMN passkey_shown_at;
ALTER TABLE users DROP COLUMN protected_at;
ALTER TABLE apps DROP COLUMN redirect_uris;

-- Mails that leave through the operator's mail server, and where each tenant wants them. Notices are found by their code
-- alone.

-- up

CREATE TABLE tenant_contacts (
  tenant_id @text NOT NULL PRIMARY KEY,
  sealed_address @bytes NOT NULL,
  masked @text NOT NULL
) @clustered;

-- The id is made of purpose and reference, so that each is posted once. What it says is gone once it was sent.
CREATE TABLE mails (
  tenant_id @text NOT NULL,
  id @text NOT NULL,
  purpose @text NOT NULL,
  reference @text NOT NULL,
  sealed_content @bytes NOT NULL,
  state @text NOT NULL,
  posted @int NOT NULL,
  due @int NOT NULL,
  expires @int NOT NULL,
  ended @int,
  tries @int NOT NULL,
  reply @int NOT NULL,
  version @int NOT NULL,
  PRIMARY KEY (tenant_id, id)
) @strict;
CREATE INDEX mails_due ON mails (due) WHERE state = 'queued';
CREATE INDEX mails_ended ON mails (ended) WHERE ended IS NOT NULL;

DROP INDEX breach_notices_by_code;
CREATE UNIQUE INDEX breach_notices_by_code ON breach_notices (code_digest);

-- down

DROP INDEX breach_notices_by_code;
CREATE UNIQUE INDEX breach_notices_by_code ON breach_notices (tenant_id, code_digest);
DROP TABLE mails;
DROP TABLE tenant_contacts;

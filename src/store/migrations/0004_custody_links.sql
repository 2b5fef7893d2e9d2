-- Links with which a tenant sets up its own keys. The token is not here, only its keyed digest; a link that was used is
-- gone.

-- up

CREATE TABLE custody_links (
  digest @bytes NOT NULL PRIMARY KEY,
  tenant_id @text NOT NULL,
  purpose @text NOT NULL,
  expires @int NOT NULL
) @clustered;
CREATE INDEX custody_links_by_time ON custody_links (expires);

-- down

DROP TABLE custody_links;

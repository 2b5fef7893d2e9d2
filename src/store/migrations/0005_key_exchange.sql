-- Keys that nodes with one root key but a keyring each share, sealed under the root key. An empty one was destroyed.

-- up

CREATE TABLE key_exchange (
  tenant_id @text NOT NULL,
  name @text NOT NULL,
  sealed_key @bytes NOT NULL,
  PRIMARY KEY (tenant_id, name)
) @clustered;

-- down

DROP TABLE key_exchange;

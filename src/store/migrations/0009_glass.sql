-- Break glass. Shares are on paper alone; here is what they are checked against, each time it was open, and which tenants
-- were read then, have been told, and were sent the report.

-- up

CREATE TABLE glass_seals (
  verifier @bytes NOT NULL PRIMARY KEY,
  made @int NOT NULL,
  from_time @int NOT NULL
) @clustered;

CREATE TABLE glass_openings (
  number @int NOT NULL PRIMARY KEY,
  credential @text NOT NULL,
  reason @text NOT NULL,
  case_reference @text NOT NULL,
  opened @int NOT NULL,
  closes @int NOT NULL,
  seen @int NOT NULL,
  closed @int,
  reported @int
) @clustered;

CREATE TABLE glass_tenants (
  number @int NOT NULL,
  tenant_id @text NOT NULL,
  first_read @int NOT NULL,
  told @int,
  reported @int,
  PRIMARY KEY (number, tenant_id)
) @clustered;

-- down

DROP TABLE glass_tenants;
DROP TABLE glass_openings;
DROP TABLE glass_seals;

-- Where the migrations run are noted. Runs before every other and is never undone.

-- up

CREATE TABLE IF NOT EXISTS schema_migrations (
  number @int NOT NULL PRIMARY KEY,
  name @text NOT NULL
) @strict;

-- down


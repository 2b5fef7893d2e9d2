-- How many of a closed epoch's rows are canaries: counts of people leave them out. Which they are stands nowhere.

-- up

ALTER TABLE epochs ADD COLUMN canaries @int NOT NULL DEFAULT 0;

-- down

ALTER TABLE epochs DROP COLUMN canaries;

-- Up Migration

-- The highest epoch of a computer that was removed. Hosts keep the highest epoch that acted under its name, and would refuse a computer of
-- the same name that began with lower ones.
CREATE TABLE removed_computers (
  name text PRIMARY KEY,
  last_epoch bigint NOT NULL,
  removed timestamptz NOT NULL DEFAULT now()
);

-- Down Migration

DROP TABLE removed_computers;

-- Up Migration

-- Who speaks to a management controller: one process at a time, with a rest after each command. A lease ends by itself when its holder dies.
CREATE TABLE bmc_turns (
  bmc text PRIMARY KEY,
  -- Absent: nobody speaks to it.
  holder text,
  taken timestamptz,
  expires timestamptz,
  -- End of the latest command.
  last_used timestamptz,
  CHECK ((holder IS NULL) = (expires IS NULL))
);

-- Down Migration

DROP TABLE bmc_turns;

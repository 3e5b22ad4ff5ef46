-- Up Migration

CREATE TABLE claims (
  computer_id bigint PRIMARY KEY REFERENCES computers,
  owner text NOT NULL,
  epoch bigint NOT NULL,
  -- The computer's state when it was claimed, for a run that gives it back as it was.
  previous_state text NOT NULL CHECK (previous_state IN ('available', 'inuse', 'capturing', 'loading', 'maintenance')),
  since timestamptz NOT NULL DEFAULT now()
);

-- Who has acted under a claim. The row with the claim's epoch is the holder; all others are superseded for good.
CREATE TABLE claim_attempts (
  computer_id bigint NOT NULL REFERENCES claims ON DELETE CASCADE,
  execution text NOT NULL,
  activity text NOT NULL,
  attempt integer NOT NULL,
  epoch bigint NOT NULL,
  PRIMARY KEY (computer_id, execution, activity, attempt),
  UNIQUE (computer_id, epoch)
);

-- Executions that gave a computer up. An attempt of theirs to acquire it, sent earlier and arriving later, would leave it owned for ever.
CREATE TABLE claim_releases (
  computer_id bigint NOT NULL REFERENCES computers,
  owner text NOT NULL,
  execution text NOT NULL,
  released timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (computer_id, owner, execution)
);

-- Down Migration

DROP TABLE claim_releases, claim_attempts, claims;

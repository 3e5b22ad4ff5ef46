-- Up Migration

ALTER TABLE runs DROP CONSTRAINT runs_procedure_check;
ALTER TABLE runs ADD CONSTRAINT runs_procedure_check
  CHECK (procedure IN ('captureImage', 'loadNode', 'powerNode', 'checkNode', 'unloadNode', 'deleteRevision', 'freeNode', 'loadFleet',
    'reserveNode', 'reclaimNode'));

-- For whom a node is in use. The row is there before the user is let in, and goes after nobody is let in any more.
CREATE TABLE node_reservations (
  computer_id bigint PRIMARY KEY REFERENCES computers,
  -- The run that has handed it over.
  run text NOT NULL,
  user_name text NOT NULL,
  -- From where the user comes: an address or a network.
  source text NOT NULL,
  reserved_by text NOT NULL,
  -- When it is taken back by itself; absent: when somebody asks for it.
  ends timestamptz
);

-- Down Migration

DROP TABLE node_reservations;

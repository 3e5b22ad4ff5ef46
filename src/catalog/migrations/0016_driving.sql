-- Up Migration

-- Of the management nodes that can drive a system the one with the smallest number is taken first, as with the priorities of mail servers in DNS.
ALTER TABLE management_node_systems
  ADD COLUMN priority integer NOT NULL DEFAULT 100 CHECK (priority BETWEEN 0 AND 65535);

-- Management nodes that reach a computer besides its first choice.
CREATE TABLE computer_management_nodes (
  computer_id bigint NOT NULL REFERENCES computers ON DELETE CASCADE,
  management_node_id bigint NOT NULL REFERENCES management_nodes,
  PRIMARY KEY (computer_id, management_node_id)
);

-- Who drives the run that owns the computer; absent: its first choice.
ALTER TABLE claims ADD COLUMN management_node_id bigint REFERENCES management_nodes;

-- An operator may answer that a run goes on with another management node.
ALTER TABLE run_holds DROP CONSTRAINT run_holds_answer_check;
ALTER TABLE run_holds ADD CONSTRAINT run_holds_answer_check
  CHECK (answer IN ('retry', 'skip', 'abort', 'rescue', 'resume', 'move', 'superseded'));

-- Down Migration

UPDATE run_holds SET answer = 'superseded' WHERE answer = 'move';
ALTER TABLE run_holds DROP CONSTRAINT run_holds_answer_check;
ALTER TABLE run_holds ADD CONSTRAINT run_holds_answer_check
  CHECK (answer IN ('retry', 'skip', 'abort', 'rescue', 'resume', 'superseded'));
ALTER TABLE claims DROP COLUMN management_node_id;
DROP TABLE computer_management_nodes;
ALTER TABLE management_node_systems DROP COLUMN priority;

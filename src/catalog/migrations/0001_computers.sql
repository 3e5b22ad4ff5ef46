-- Up Migration

CREATE TABLE management_nodes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  address text NOT NULL,
  library_root text NOT NULL CHECK (library_root LIKE '/%'),
  last_check_in timestamptz
);

CREATE TABLE provisioning_systems (
  name text PRIMARY KEY
);

CREATE TABLE management_node_systems (
  management_node_id bigint NOT NULL REFERENCES management_nodes,
  provisioning_system text NOT NULL REFERENCES provisioning_systems,
  PRIMARY KEY (management_node_id, provisioning_system)
);

CREATE TABLE operating_systems (
  name text PRIMARY KEY,
  module text,
  install_type text NOT NULL
);

CREATE TABLE system_install_types (
  provisioning_system text NOT NULL REFERENCES provisioning_systems,
  install_type text NOT NULL,
  PRIMARY KEY (provisioning_system, install_type)
);

-- Apache VCL compares revisions by their number alone, and a computer's number lies beside it in currentimage.txt. Numbers of
-- computers, images and revisions begin where VCL's do not come; the configured beginning is set after the migrations.
CREATE TABLE computers (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000000) PRIMARY KEY,
  name text NOT NULL UNIQUE,
  management_node_id bigint NOT NULL REFERENCES management_nodes,
  provisioning_system text NOT NULL REFERENCES provisioning_systems,
  address text NOT NULL,
  ssh_port integer NOT NULL CHECK (ssh_port BETWEEN 1 AND 65535),
  mac_addresses text[] NOT NULL,
  memory_mib bigint NOT NULL CHECK (memory_mib > 0),
  cpus integer NOT NULL CHECK (cpus > 0),
  settings jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
  state text NOT NULL DEFAULT 'available' CHECK (state IN ('available', 'inuse', 'capturing', 'loading', 'maintenance')),
  current_revision_id bigint,
  host_keys text[],
  -- The highest epoch that was given out for this computer. It outlives the claims, so that no later owner gets an epoch again.
  last_epoch bigint NOT NULL DEFAULT 0
);

-- Down Migration

DROP TABLE computers, system_install_types, operating_systems, management_node_systems, provisioning_systems, management_nodes;

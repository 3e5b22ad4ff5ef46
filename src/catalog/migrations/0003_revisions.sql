-- Up Migration

CREATE TABLE images (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000000) PRIMARY KEY,
  name text NOT NULL UNIQUE,
  operating_system text NOT NULL REFERENCES operating_systems,
  production_revision integer,
  -- The run whose reservation made the image; it takes the image with it when it is abandoned.
  made_by text NOT NULL
);

CREATE TABLE revisions (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000000) PRIMARY KEY,
  image_id bigint NOT NULL REFERENCES images,
  number integer NOT NULL CHECK (number >= 1),
  state text NOT NULL DEFAULT 'capturing' CHECK (state IN ('capturing', 'available', 'retired')),
  owner text NOT NULL UNIQUE,
  comment text NOT NULL,
  author text NOT NULL,
  created timestamptz NOT NULL DEFAULT now(),
  -- A name and no reference: what was captured from a computer outlives it.
  captured_from text,
  size_bytes bigint CHECK (size_bytes >= 0),
  manifest jsonb,
  clean_shutdown jsonb GENERATED ALWAYS AS (manifest -> 'cleanShutdown') STORED,
  seal_checks jsonb GENERATED ALWAYS AS (manifest -> 'sealChecks') STORED,
  first_ready_at timestamptz,
  UNIQUE (image_id, number),
  CHECK (state = 'capturing' OR (manifest IS NOT NULL AND size_bytes IS NOT NULL))
);

-- Two runs never capture one image at once.
CREATE UNIQUE INDEX revisions_one_capturing ON revisions (image_id) WHERE state = 'capturing';

ALTER TABLE images ADD FOREIGN KEY (id, production_revision) REFERENCES revisions (image_id, number);
ALTER TABLE computers ADD FOREIGN KEY (current_revision_id) REFERENCES revisions;

CREATE TABLE revision_copies (
  revision_id bigint NOT NULL REFERENCES revisions,
  library text NOT NULL,
  path text NOT NULL CHECK (path LIKE '/%'),
  size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
  verified_at timestamptz,
  verified_files jsonb,
  PRIMARY KEY (revision_id, library),
  CHECK ((verified_at IS NULL) = (verified_files IS NULL))
);

CREATE TABLE set_aside (
  computer_id bigint NOT NULL REFERENCES computers,
  revision_id bigint NOT NULL REFERENCES revisions ON DELETE CASCADE,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (computer_id, revision_id)
);

-- Down Migration

DROP TABLE set_aside, revision_copies;
ALTER TABLE computers DROP CONSTRAINT computers_current_revision_id_fkey;
ALTER TABLE images DROP CONSTRAINT images_id_production_revision_fkey;
DROP TABLE revisions, images;

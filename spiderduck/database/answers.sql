-- What was answered to a request with an Idempotency-Key. `name` and `fingerprint` are digests of the key and of the request,
-- `token` is of the attempt that holds the name. `answer` is encrypted with a key that is made of the caller's.
CREATE TABLE answers (
    name        BLOB PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    token       BLOB NOT NULL,
    at          REAL NOT NULL,
    answer      BLOB
) WITHOUT ROWID;
CREATE INDEX answers_by_time ON answers (at);

/** Tables of state.sqlite. A change adds a step at the end; steps are never edited once released. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE admissions (agent TEXT NOT NULL, second INTEGER NOT NULL, calls INTEGER NOT NULL, PRIMARY KEY (agent, second)) WITHOUT ROWID;
  CREATE TABLE slots (call_id TEXT PRIMARY KEY, agent TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX slots_by_agent ON slots (agent, expires_at);

  CREATE TABLE approvals (
    id TEXT PRIMARY KEY,
    binding_hash TEXT NOT NULL,
    binding TEXT NOT NULL,
    requester TEXT NOT NULL,
    tool TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'rejected', 'consumed')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    approver TEXT,
    decided_at INTEGER,
    signature TEXT,
    call_id TEXT
  ) STRICT;
  CREATE INDEX approvals_by_binding ON approvals (binding_hash, created_at);

  CREATE TABLE idempotency (
    agent TEXT NOT NULL,
    key TEXT NOT NULL,
    args_hash TEXT NOT NULL,
    call_id TEXT NOT NULL,
    deadline_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    outcome TEXT,
    PRIMARY KEY (agent, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT;

  CREATE TABLE seen (
    agent TEXT NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    label TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (agent, type, id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE leases (name TEXT PRIMARY KEY, token INTEGER NOT NULL, holder TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE deployments (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    app TEXT NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('deploy', 'rollback')),
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    previous TEXT NOT NULL,
    actor TEXT NOT NULL,
    call_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'done', 'rolled_back', 'failed', 'abandoned')),
    serving TEXT NOT NULL,
    steps TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    message TEXT
  ) STRICT;
  CREATE INDEX deployments_by_app ON deployments (app, provider, seq);
  CREATE INDEX deployments_open ON deployments (status) WHERE status = 'running';
  `,
  `
  CREATE TABLE cost_cache (
    account TEXT NOT NULL,
    month TEXT NOT NULL,
    fetched_at INTEGER NOT NULL,
    costs TEXT NOT NULL,
    PRIMARY KEY (account, month)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE cost_requests (day TEXT PRIMARY KEY, requests INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE deployments ADD COLUMN target_hash TEXT NOT NULL DEFAULT '';
  `,
  `
  DROP TABLE cost_cache;
  CREATE TABLE cost_answers (
    account TEXT NOT NULL,
    question TEXT NOT NULL,
    fetched_at INTEGER NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (account, question)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX cost_answers_by_age ON cost_answers (fetched_at);
  CREATE TABLE spend (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    month TEXT NOT NULL,
    currency TEXT NOT NULL,
    to_date_cents INTEGER NOT NULL,
    to_date_at INTEGER NOT NULL,
    forecast_cents INTEGER,
    forecast_at INTEGER
  ) STRICT;
  CREATE TABLE agent_spend (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    agent TEXT NOT NULL,
    month TEXT NOT NULL,
    key TEXT NOT NULL,
    call_id TEXT NOT NULL,
    cents INTEGER NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (agent, month, key, call_id)
  ) STRICT;
  CREATE INDEX agent_spend_by_time ON agent_spend (at);
  CREATE TABLE cost_entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    recorded_at INTEGER NOT NULL,
    recorded_by TEXT NOT NULL,
    date TEXT NOT NULL,
    months INTEGER NOT NULL,
    vendor TEXT NOT NULL,
    description TEXT NOT NULL,
    currency TEXT NOT NULL,
    cents INTEGER NOT NULL,
    team TEXT,
    application TEXT,
    corrects TEXT REFERENCES cost_entries (id)
  ) STRICT;
  CREATE TRIGGER cost_entries_stay BEFORE UPDATE ON cost_entries BEGIN SELECT RAISE(ABORT, 'entries are corrected by entries'); END;
  CREATE TRIGGER cost_entries_last BEFORE DELETE ON cost_entries BEGIN SELECT RAISE(ABORT, 'entries are corrected by entries'); END;
  CREATE TABLE cost_alerts (name TEXT PRIMARY KEY, spec TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE cost_notices (
    alert TEXT NOT NULL,
    threshold TEXT NOT NULL,
    month TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    free_at INTEGER NOT NULL,
    is_told INTEGER NOT NULL,
    PRIMARY KEY (alert, threshold, month)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE cost_reports (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    month TEXT NOT NULL,
    recipients TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting', 'sent', 'failed')),
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    problem TEXT,
    maybe_sent INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  `,
];

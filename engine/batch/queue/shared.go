package queue

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"posteriori/engine/fault"
)

// Lease is how long a machine goes on without a word of the run that it works
// for, and how long a machine counts as there without a word of its own, both by
// the database's clock.
const Lease = 10 * time.Second

// patience is how long one question to the database may take.
const patience = 5 * time.Second

// schema is what is kept beside River's tables. A run's token opens its task
// files, which lie on shared storage; its key is the public half of the pair
// that results are sealed for. A run that is not renewed within [Lease] gives no
// work, and what is under way for it stops.
const schema = `
CREATE TABLE IF NOT EXISTS posteriori_run (
	id      text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
	token   bytea NOT NULL CHECK (length(token) = 32),
	key     bytea NOT NULL CHECK (length(key) = 32),
	beat_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS posteriori_machine (
	id      text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
	build   text NOT NULL CHECK (build ~ '^[0-9a-f]{32}$'),
	slots   integer NOT NULL CHECK (slots > 0),
	beat_at timestamptz NOT NULL
);`

// Shared is a queue of tasks in a Postgres that many machines share. It is safe
// for concurrent use.
type Shared struct {
	pool     *pgxpool.Pool
	where    string // host, port and database, for people
	password string
	plain    bool
	client   *river.Client[pgx.Tx] // puts jobs in
	delays   []time.Duration
}

// Run is what a coordinator's tasks have in common.
type Run struct {
	ID    string // 32 hex digits that say nothing to others
	Build string // what the machines must compute with: see [Machine]
	Token []byte // 32 bytes
	Key   []byte // 32 bytes
}

// Task is a reference to one piece of work.
type Task struct {
	Run      Run
	Name     string // 64 hex digits that say nothing to others
	Priority int    // 1 first, 4 last
	Attempt  int    // from 1; set by the queue
}

// chunkArgs are a task's arguments, as River stores them.
type chunkArgs struct {
	Run  string `json:"run" river:"unique"`
	Task string `json:"task" river:"unique"`
}

// Kind names the job to River.
func (chunkArgs) Kind() string { return "chunk" }

// CheckURL refuses what cannot be a queue's address. The password in it is in
// no error of this package.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" {
		return fault.New(fault.Usage, "the queue's address is none of a PostgreSQL database").
			WithHint("it looks like postgres://user@host:5432/database?sslmode=verify-full; the password may stand in a file that $PGPASSFILE names")
	}
	return nil
}

// OpenShared connects to the queue at the address, and makes or upgrades its
// tables. delays are the pauses before each further try of a task: one attempt
// more than there are pauses is its last.
func OpenShared(ctx context.Context, address string, delays []time.Duration) (*Shared, error) {
	if err := CheckURL(address); err != nil {
		return nil, err
	}
	conf, err := pgxpool.ParseConfig(address)
	if err != nil { // its text may hold the address
		return nil, fault.New(fault.Usage, "the queue's address cannot be understood").WithHint("see the PostgreSQL manual, Connection URIs")
	}
	u, _ := url.Parse(address)
	if conf.ConnConfig.Password == "" {
		if err := checkPasswordFile(cmp.Or(u.Query().Get("passfile"), os.Getenv("PGPASSFILE"))); err != nil {
			return nil, err
		}
	}
	q := &Shared{where: u.Host + u.Path, password: conf.ConnConfig.Password, plain: plain(conf.ConnConfig), delays: delays}
	conf.MaxConns, conf.MinConns = 4, 0
	conf.MaxConnIdleTime = time.Minute
	conf.ConnConfig.ConnectTimeout = patience
	conf.ConnConfig.RuntimeParams["application_name"] = "posteriori"
	if q.pool, err = pgxpool.NewWithConfig(ctx, conf); err != nil {
		return nil, q.fail(err)
	}
	if err := q.migrate(ctx); err != nil {
		q.pool.Close()
		return nil, q.fail(err)
	}
	if q.client, err = river.NewClient(riverpgxv5.New(q.pool), &river.Config{Logger: quiet, ID: newID(), PollOnly: true}); err != nil {
		q.pool.Close()
		return nil, q.fail(err)
	}
	return q, nil
}

// checkPasswordFile says that a file with passwords, where one is named, cannot
// be read: the driver would go on without a password.
func checkPasswordFile(name string) error {
	if name == "" {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return fault.Wrap(fault.Usage, err, "the file with the queue's password cannot be read").OnFile(name).
			WithHint("the account that runs this must be able to read it; $PGPASSFILE names it")
	}
	return f.Close()
}

// migrate brings the tables to this program's version, one process at a time.
func (q *Shared) migrate(ctx context.Context) error {
	const lock = 0x706f7374 // any number, the same in each process
	c, err := q.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
		return err
	}
	defer func() { _, _ = c.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", lock) }() // the connection's end frees it too
	m, err := rivermigrate.New(riverpgxv5.New(q.pool), &rivermigrate.Config{Logger: quiet})
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		if _, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil); err == nil {
			_, err = c.Exec(ctx, schema)
		}
		var pg *pgconn.PgError
		if try == 3 || !errors.As(err, &pg) || pg.Code != deadlock {
			return err
		}
	}
}

// deadlock is the state of what a backup that runs meanwhile can cause.
const deadlock = "40P01"

// Close ends the connections.
func (q *Shared) Close() { q.pool.Close() }

// Where is the queue's place without who connects and how.
func (q *Shared) Where() string { return q.where }

// Plain says that the connection may go over a network unencrypted.
func (q *Shared) Plain() bool { return q.plain }

func plain(c *pgx.ConnConfig) bool {
	far := func(host string) bool {
		ip, err := netip.ParseAddr(host)
		return host != "localhost" && !strings.HasPrefix(host, "/") && (err != nil || !ip.IsLoopback())
	}
	return c.TLSConfig == nil && far(c.Host) ||
		slices.ContainsFunc(c.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.TLSConfig == nil && far(f.Host) })
}

// fail is an error of the database without the secret, and with its place.
func (q *Shared) fail(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return fault.Wrap(fault.Interrupted, err, "interrupted")
	}
	why := err.Error()
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		why = pg.Message
	}
	if i := strings.LastIndex(why, "\n"); i >= 0 { // of all addresses that were tried the last one
		why = strings.TrimSpace(why[i:])
	}
	if q.password != "" {
		why = strings.ReplaceAll(why, q.password, "…")
	}
	// As of a disk that cannot be written: the run ends, and may go well later.
	return fault.Wrap(fault.NoSpace, errors.New(fault.Printable(why)), "the queue cannot be used").OnFile(q.where).
		WithHint("see that PostgreSQL runs there and lets this account in; what was finished is kept, and posteriori batch resume goes on")
}

// ask bounds one question.
func ask(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, patience)
}

// Begin makes the run known, or takes it up again.
func (q *Shared) Begin(ctx context.Context, r Run) error {
	ctx, done := ask(ctx)
	defer done()
	_, err := q.pool.Exec(ctx, `INSERT INTO posteriori_run (id, token, key, beat_at) VALUES ($1, $2, $3, now())
		ON CONFLICT (id) DO UPDATE SET token = excluded.token, key = excluded.key, beat_at = now()`, r.ID, r.Token, r.Key)
	return q.fail(err)
}

// Machines are those that were there within the last [Lease].
type Machines struct {
	Fit, Slots int // of the run's build
	Others     int // of another
}

// Beat says that the run goes on, and who is there to work for it.
func (q *Shared) Beat(ctx context.Context, r Run) (m Machines, err error) {
	ctx, done := ask(ctx)
	defer done()
	tag, err := q.pool.Exec(ctx, "UPDATE posteriori_run SET beat_at = now() WHERE id = $1", r.ID)
	if err == nil && tag.RowsAffected() == 0 { // a database that was lost and made anew
		err = q.Begin(ctx, r)
	}
	if err != nil {
		return m, q.fail(err)
	}
	return q.machines(ctx, r.Build)
}

func (q *Shared) machines(ctx context.Context, build string) (m Machines, err error) {
	err = q.pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE build = $1), coalesce(sum(slots) FILTER (WHERE build = $1), 0), count(*) FILTER (WHERE build <> $1)
		FROM posteriori_machine WHERE beat_at > now() - $2::interval`, build, Lease).Scan(&m.Fit, &m.Slots, &m.Others)
	return m, q.fail(err)
}

// Stop ends a run: nothing more is begun for it, machines stop what they do for
// it within seconds, and nothing of it stays in the queue.
func (q *Shared) Stop(ctx context.Context, run string) error {
	ctx, done := ask(ctx)
	defer done()
	_, err := q.pool.Exec(ctx, "DELETE FROM posteriori_run WHERE id = $1", run)
	if err == nil {
		_, err = q.pool.Exec(ctx, "DELETE FROM river_job WHERE kind = 'chunk' AND args->>'run' = $1", run)
	}
	return q.fail(err)
}

// Put puts a task in and returns its number. One that waits or runs already
// keeps the number that it has.
func (q *Shared) Put(ctx context.Context, t Task) (int64, error) {
	ctx, done := ask(ctx)
	defer done()
	res, err := q.client.Insert(ctx, chunkArgs{t.Run.ID, t.Name}, &river.InsertOpts{
		Queue: t.Run.Build, Priority: min(max(t.Priority, 1), 4), MaxAttempts: len(q.delays) + 1,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: live},
	})
	if err != nil {
		return 0, q.fail(err)
	}
	return res.Job.ID, nil
}

// Drop takes tasks out; a machine that does one stops within seconds.
func (q *Shared) Drop(ctx context.Context, ids []int64) error {
	ctx, done := ask(ctx)
	defer done()
	_, err := q.pool.Exec(ctx, "DELETE FROM river_job WHERE id = ANY($1)", ids)
	return q.fail(err)
}

// Ended says of a task what became of it. Reason is empty when it was done;
// [Lost] when the queue does not have it any more; else why it was given up.
// Took is how long its last try did.
type Ended struct {
	ID     int64
	Reason Reason
	Took   time.Duration
}

// Ended returns those of the tasks that came to an end.
func (q *Shared) Ended(ctx context.Context, ids []int64) ([]Ended, error) {
	ctx, done := ask(ctx)
	defer done()
	rows, err := q.pool.Query(ctx, `SELECT id, state = 'completed', coalesce(errors[array_upper(errors, 1)]->>'error', ''), greatest(finalized_at - attempted_at, '0'::interval)
		FROM river_job WHERE id = ANY($1) AND state IN ('completed', 'cancelled', 'discarded')`, ids)
	if err != nil {
		return nil, q.fail(err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Ended, err error) {
		var ok bool
		err = row.Scan(&e.ID, &ok, &e.Reason, &e.Took)
		if ok {
			e.Reason = ""
		} else {
			e.Reason = known(e.Reason)
		}
		return e, err
	})
	return out, q.fail(err)
}

// Mend looks after tasks whose machine is gone: they wait for another, and one
// that was its machine's end too often is given up; and after those that wait for
// a time that no task waits for. It returns those that the
// queue does not have any more.
func (q *Shared) Mend(ctx context.Context, ids []int64) ([]Ended, error) {
	ctx, done := ask(ctx)
	defer done()
	_, err := q.pool.Exec(ctx, `UPDATE river_job j SET
			state = (CASE WHEN attempt < max_attempts THEN 'available' ELSE 'discarded' END)::river_job_state,
			finalized_at = CASE WHEN attempt < max_attempts THEN NULL ELSE now() END,
			errors = array_append(errors, jsonb_build_object('at', now(), 'attempt', attempt, 'error', $2::text, 'trace', ''))
		WHERE id = ANY($1) AND state = 'running' AND NOT EXISTS (SELECT 1 FROM posteriori_machine m
			WHERE m.id = j.attempted_by[array_upper(j.attempted_by, 1)] AND m.beat_at > now() - $3::interval)`, ids, string(MachineGone), Lease)
	if err != nil {
		return nil, q.fail(err)
	}
	// A clock of the database's that was set back would hold up what was put in before.
	_, err = q.pool.Exec(ctx, `UPDATE river_job SET scheduled_at = now()
		WHERE id = ANY($1) AND state = 'available' AND scheduled_at > now() + interval '1 minute'`, ids)
	if err != nil {
		return nil, q.fail(err)
	}
	rows, err := q.pool.Query(ctx, "SELECT id FROM unnest($1::bigint[]) AS id WHERE NOT EXISTS (SELECT 1 FROM river_job WHERE river_job.id = id.id)", ids)
	if err != nil {
		return nil, q.fail(err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Ended, err error) {
		e.Reason = Lost
		return e, row.Scan(&e.ID)
	})
	return out, q.fail(err)
}

// State is what the queue holds, for people.
type State struct {
	Machines int            // that are there
	Slots    int            // tasks that they do at a time
	Waiting  int            // tasks that no machine does, of all procedures
	Running  int            // tasks that one does, of all procedures
	Run      map[string]int // tasks of one run by state
}

// State reads what the queue holds of a run, and of all.
func (q *Shared) State(ctx context.Context, run string) (s State, err error) {
	ctx, done := ask(ctx)
	defer done()
	err = q.pool.QueryRow(ctx, "SELECT count(*), coalesce(sum(slots), 0) FROM posteriori_machine WHERE beat_at > now() - $1::interval", Lease).
		Scan(&s.Machines, &s.Slots)
	if err != nil {
		return s, q.fail(err)
	}
	err = q.pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state IN ('available', 'retryable', 'scheduled')), count(*) FILTER (WHERE state = 'running')
		FROM river_job WHERE kind = 'chunk'`).Scan(&s.Waiting, &s.Running)
	if err != nil {
		return s, q.fail(err)
	}
	rows, err := q.pool.Query(ctx, "SELECT state::text, count(*) FROM river_job WHERE kind = 'chunk' AND args->>'run' = $1 GROUP BY 1", run)
	if err != nil {
		return s, q.fail(err)
	}
	s.Run = map[string]int{}
	var state string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&state, &n}, func() error { s.Run[state] = n; return nil })
	return s, q.fail(err)
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/analysis"
	"posteriori/engine/batch"
	"posteriori/engine/batch/machines"
	"posteriori/engine/batch/queue"
	"posteriori/engine/index"
	"posteriori/engine/wire"
)

// queueOptions say where the queue and the spool of many machines are.
type queueOptions struct {
	queue string
	spool string
}

// queueFlags adds them to a command. The variables are no defaults of the flags:
// a help text would print the password.
func (o *queueOptions) queueFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.queue, "queue", "", "`address` of a PostgreSQL database that many machines take work from (default $POSTERIORI_QUEUE)")
	f.StringVar(&o.spool, "spool", "", "`folder` on shared storage for what machines are told and find, sealed (default $POSTERIORI_SPOOL)")
}

// check fills in the variables and refuses what is no address. An empty --queue
// is none at all.
func (o *queueOptions) check() error {
	o.queue = cmp.Or(o.queue, os.Getenv("POSTERIORI_QUEUE"))
	o.spool = cmp.Or(o.spool, os.Getenv("POSTERIORI_SPOOL"))
	if o.queue == "" {
		return nil
	}
	return queue.CheckURL(o.queue)
}

// machineDelays are the pauses before a machine is asked again for a task that
// one could not do: long enough for another to take it. What none can do waits
// as a file, by retryDelays.
var machineDelays = []time.Duration{2 * time.Second, 10 * time.Second}

func (o *queueOptions) open(ctx context.Context) (*queue.Shared, error) {
	return queue.OpenShared(ctx, o.queue, machineDelays)
}

// notePlain says that others may listen.
func (a *app) notePlain(q *queue.Shared) {
	if q.Plain() {
		a.notef("the connection to the queue may go unencrypted: who can listen to it and read the spool folder can read the tasks (sslmode=verify-full)")
	}
}

// filesAtOnce is how many files a coordinator has under way, at the least as many
// as the machines that are there take chunks, so that there is one for each: of a
// file of a few minutes there is but one.
const filesAtOnce = 256

// onMachines has the run's chunks done by other machines, until end is called.
func (b *batchWork) onMachines(ctx context.Context, p *engine.Procedure, r *batch.Runner, o batchRunOptions) (end func() error, err error) {
	q, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	b.app.notePlain(q)
	key, err := p.Key()
	var c *machines.Coordinator
	if err == nil {
		c, err = machines.NewCoordinator(ctx, machines.Config{Queue: q, Spool: o.spool, Key: key, Batch: r.Batch, Hello: b.opt.Worker,
			Window: o.workers, Notice: func(line string) { b.app.notef("%s", line) }})
	}
	if err != nil {
		q.Close()
		return nil, err
	}
	b.opt.Runner, b.opt.Hash, b.opt.Workers = c, c.Hash, filesAtOnce
	r.Slots = c.Slots()
	r.Workers = max(filesAtOnce, o.workers, r.Slots)
	return func() error {
		defer q.Close()
		return c.Close(ctx)
	}, nil
}

// forgetRun takes back what machines were asked to do for a batch.
func (a *app) forgetRun(c *cobra.Command, o queueOptions, args []string) error {
	return a.withRun(c.Context(), o, args, func(q *queue.Shared, key []byte, b index.Batch) error {
		return machines.Forget(c.Context(), q, o.spool, key, b.ID)
	})
}

// withRun opens the queue for a batch of the procedure.
func (a *app) withRun(ctx context.Context, o queueOptions, args []string, do func(*queue.Shared, []byte, index.Batch) error) error {
	store, err := a.openStore()
	if err != nil {
		return err
	}
	p, err := store.OpenProcedure(a.procedure)
	if err != nil {
		return err
	}
	ix, err := p.Index(ctx)
	if err != nil {
		return err
	}
	b, err := findBatch(ctx, ix, args)
	if err := errors.Join(err, ix.Close()); err != nil {
		return err
	}
	key, err := p.Key()
	if err != nil {
		return err
	}
	q, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer q.Close()
	return do(q, key, b)
}

// queueState is what posteriori batch status tells of the queue.
type queueState struct {
	Machines int            `json:"machines"` // all that are there
	Slots    int            `json:"slots"`    // chunks that they do at a time
	Waiting  int            `json:"waiting"`  // chunks, of all procedures
	Running  int            `json:"running"`
	Batch    map[string]int `json:"batch"` // chunks of this batch, by state
}

func (s queueState) String() string {
	mine := s.Batch["available"] + s.Batch["retryable"] + s.Batch["scheduled"]
	out := fmt.Sprintf("queue: %d machines for %d chunks at a time; %d chunks under way, %d wait (of this batch %d and %d)",
		s.Machines, s.Slots, s.Running, s.Waiting, s.Batch["running"], mine)
	if n := s.Batch["discarded"]; n > 0 {
		out += fmt.Sprintf("; %d that no machine could do", n)
	}
	return out
}

func readQueue(ctx context.Context, p *engine.Procedure, o queueOptions, b index.Batch) (*queueState, error) {
	key, err := p.Key()
	if err != nil {
		return nil, err
	}
	q, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	s, err := machines.State(ctx, q, key, b.ID)
	if err != nil {
		return nil, err
	}
	return &queueState{Machines: s.Machines, Slots: s.Slots, Waiting: s.Waiting, Running: s.Running, Batch: s.Run}, nil
}

// batchWorkerOptions are the flags of posteriori batch worker.
type batchWorkerOptions struct {
	queueOptions
	maps    []string
	models  string
	device  string
	workers int
	name    string
}

func newBatchWorkerCommand(a *app) *cobra.Command {
	var o batchWorkerOptions
	c := &cobra.Command{
		Use:   "worker",
		Short: "Work for the batches of other machines, until interrupted",
		Long: `Work for the batches of other machines, until interrupted: take chunks from the
queue, analyse them, and leave what was found on shared storage.

The machine opens no store and holds no procedure's key: what it is told lies
sealed in the spool folder, and what it finds is sealed so that only the
procedure can open it. Recordings are read where the coordinator sees them, or
where --map says that this machine does; each is hashed before it is used. The
analysis records how many chunks this machine did, by its --name. Both
programs must be the same build as the coordinator's, and the models that it
uses must lie in --models.

A run that is revoked, paused or cancelled stops here within seconds; one of
which nothing is heard stops after ten. The clocks of all machines should be
right within a second or two.

Where the queue cannot be reached the exit status is 8.
` + exitStatus,
		Example: `  posteriori batch worker --queue postgres://posteriori@db/posteriori --spool /mnt/spool
  posteriori batch worker --map /evidence=/mnt/evidence --models /opt/models --workers 16`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.batchWorker(c, o) },
	}
	o.queueFlags(c)
	a.opsFlags(c)
	f := c.Flags()
	f.StringArrayVar(&o.maps, "map", nil, "`FROM=TO`: what the coordinator sees at FROM lies at TO here; others are then not read (may be repeated)")
	f.StringVar(&o.models, "models", "", "`folder` with the models (default: where posteriori models install puts them)")
	f.StringVar(&o.device, "device", "auto", "where to compute: auto, cpu or cuda")
	f.IntVar(&o.workers, "workers", 0, "worker processes at a time (default: one a core)")
	f.StringVar(&o.name, "name", "", "what this machine is called where the analysis records who did what (default: made from its machine-id, which it hides)")
	return c
}

func (a *app) batchWorker(c *cobra.Command, o batchWorkerOptions) error {
	ctx := c.Context()
	if err := o.check(); err != nil {
		return err
	}
	if o.queue == "" {
		return usage(c, "where the work comes from is not said: pass --queue or set $POSTERIORI_QUEUE")
	}
	if err := (&analyseOptions{device: o.device, plates: "none", coverage: "full", workers: o.workers}).check(c); err != nil {
		return err
	}
	m := machines.Machine{Spool: o.spool, Slots: cmp.Or(o.workers, runtime.NumCPU()), Notice: a.machineNotice, Name: cmp.Or(o.name, machines.MachineName())}
	if !wire.CheckMachine(m.Name) {
		return usage(c, "--name %q is not letters, digits, points, dashes and underscores, 64 at the most", m.Name)
	}
	m.Threads = max(1, runtime.NumCPU()/m.Slots)
	for _, s := range o.maps {
		one, err := machines.ParseMapping(s)
		if err != nil {
			return err
		}
		m.Maps = append(m.Maps, one)
	}
	if err := machines.CheckSpool(o.spool); err != nil {
		return err
	}
	var err error
	if m.Models = o.models; m.Models == "" {
		if m.Models, err = a.storeDir(); err != nil {
			return err
		}
		m.Models = filepath.Join(m.Models, "models")
	}
	if err := describeMachine(ctx, &m, o.device); err != nil {
		return err
	}
	if m.Queue, err = o.open(ctx); err != nil {
		return err
	}
	defer m.Queue.Close()
	a.notePlain(m.Queue)
	a.notef("%d chunks at a time, on %s, as machine %s; interrupt to stop", m.Slots, m.Hello.Device, m.Name)
	if err := m.Work(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	a.notef("stopped")
	return nil
}

// machineNotice tells and logs what the people of a machine must know.
func (a *app) machineNotice(line string) {
	if a.ops.file != "-" {
		a.notef("%s", line)
	}
	a.ops.log.Warn(line)
}

// describeMachine asks the worker here what it computes with.
func describeMachine(ctx context.Context, m *machines.Machine, device string) error {
	var err error
	if m.Worker, err = analysis.FindWorker(); err != nil {
		return err
	}
	e := wire.Engine{Device: device, Threads: m.Threads, ORTPath: m.Worker.Library(device)}
	if e.ORTPath != "" && device != "cpu" { // without a model nothing asks for a card
		det, err := chooseDetector(m.Models, "auto")
		if err != nil {
			return err
		}
		if det != nil {
			e.Models = []wire.Model{*det}
		}
	}
	m.Hello, err = m.Worker.Describe(ctx, e)
	return err
}

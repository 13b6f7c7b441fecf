package main

import (
	"context"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/query"
)

// inProcedure does one act in the procedure that the command line names.
func (a *app) inProcedure(c *cobra.Command, op journal.Operation, sub journal.Sub, do func(context.Context, *engine.Store, *engine.Act) error) error {
	id, err := a.needProcedure(c)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	spec := engine.ActSpec{Procedure: id, Operation: op, Sub: sub, Reason: a.reason}
	return store.Do(c.Context(), spec, func(act *engine.Act) error { return do(c.Context(), store, act) })
}

// inIndex does one act in the index of the procedure that the command line names.
func (a *app) inIndex(c *cobra.Command, op journal.Operation, sub journal.Sub, do func(context.Context, *engine.Store, *engine.Act, *index.Store) error) error {
	return a.inProcedure(c, op, sub, func(ctx context.Context, store *engine.Store, act *engine.Act) error {
		ix, err := act.Procedure().Index(ctx)
		if err != nil {
			return err
		}
		defer ix.Close()
		return do(ctx, store, act, ix)
	})
}

// asked is the filter that the flags make, and as the journal has it.
func (o *filterFlags) asked(c *cobra.Command, act *engine.Act, ix *index.Store) (query.Filter, *journal.Query, error) {
	f, err := o.filter(c.Context(), c, ix)
	if err != nil {
		return f, nil, err
	}
	q, err := journalQuery(act, f)
	return f, q, err
}

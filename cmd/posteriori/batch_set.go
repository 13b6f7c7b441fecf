package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/index"
)

func newBatchCancelCommand(a *app) *cobra.Command {
	var o queueOptions
	c := newBatchSetCommand(a, "cancel", "End a batch: what still waits is not analysed", `End a batch: the last one, or that of the number. What still waits is not
analysed; what was imported and analysed stays. With --queue and --spool what
machines were asked to do for it is taken back, even when no run is there.
`, index.BatchCancelled)
	o.queueFlags(c)
	set := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := o.check(); err != nil {
			return err
		}
		if err := set(c, args); err != nil || o.queue == "" {
			return err
		}
		return a.forgetRun(c, o, args)
	}
	return c
}

// newBatchSetCommand is pause or cancel.
func newBatchSetCommand(a *app, use, short, long, state string) *cobra.Command {
	return &cobra.Command{
		Use: use + " -p ID [NUMBER]", Short: short, Long: long + exitStatus,
		Args: argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.inBatch(c, args, use, func(ctx context.Context, act *engine.Act, ix *index.Store, b index.Batch) error {
				if err := recordBatch(act, use, b); err != nil {
					return err
				}
				if err := ix.SetBatchState(ctx, b.ID, state); err != nil {
					return err
				}
				return a.print(map[string]any{"batch": b.ID, "state": state}, func(w io.Writer) error {
					_, err := fmt.Fprintf(w, "batch %d is %s\n", b.ID, state)
					return err
				})
			})
		},
	}
}

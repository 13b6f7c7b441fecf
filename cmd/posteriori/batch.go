package main

import (
	"github.com/spf13/cobra"

	"posteriori/engine/index"
)

func newBatchCommand(a *app) *cobra.Command {
	return group("batch", "Plan and run the analysis of whole seizures",
		newBatchPlanCommand(a),
		newBatchRunCommand(a),
		newBatchStatusCommand(a),
		newBatchSetCommand(a, "pause", "Stop the run of a batch for now", `Stop the run of a batch for now: the last one, or that of the number. The
process that works on it ends within seconds; chunks that were finished are
kept. posteriori batch resume goes on.
`, index.BatchPaused),
		newBatchResumeCommand(a),
		newBatchRetryCommand(a),
		newBatchCancelCommand(a),
		newBatchWorkerCommand(a),
	)
}

package main

import "github.com/spf13/cobra"

func newBatchCommand(a *app) *cobra.Command {
	return group("batch", "Plan and run the analysis of whole seizures",
		newBatchPlanCommand(a),
	)
}

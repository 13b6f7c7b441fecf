package main

import "github.com/spf13/cobra"

// commands lists every command, in the order in which a procedure meets them.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		newInitCommand(a),
		newDeploymentCommand(a),
		newUserCommand(a),
		newModelsCommand(a),
		newProcedureCommand(a),
		newImportCommand(a),
		newAnalyseCommand(a),
		newBatchCommand(a),
		newSceneCommand(a),
		newQueryCommand(a),
		newExplainCommand(a),
		newSynopsisCommand(a),
		newActivityCommand(a),
		newReviewCommand(a),
		newServeCommand(a),
		newHitCommand(a),
		newExportCommand(a),
		newEvidenceCommand(a),
		newMentionCommand(a),
		newReportCommand(a),
		newHabilitationCommand(a),
		newEraseCommand(a),
		newRectifyCommand(a),
		newPurgeCommand(a),
		newJournalCommand(a),
		newComplianceCommand(a),
		newStoreCommand(a),
		newDoctorCommand(a),
	}
}
